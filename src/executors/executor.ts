import type { JsonObject } from '../events/index.js';
import type { RunExecution } from './run-execution.js';

/**
 * Does the work of a run. A provider in any module, with `@RunExecutor('name')`, that `POST /runs` can name.
 *
 * @publicApi
 */
export interface Executor {
  /**
   * What it returns, any JSON value, becomes the result of the run; what it throws, its error. It stops when
   * `run.signal` aborts.
   */
  execute(run: RunExecution): unknown;

  /**
   * Refuses a run before it is created, with a ValidationFailedError or any other; the client is told the message.
   * Default: every input is taken. It judges by the input alone: no tenant's context is entered for it.
   */
  validateInput?(input: JsonObject): void;

  /**
   * What an input looks like, as a JSON Schema (https://json-schema.org/draft/2020-12), for forms and people: `GET
   * /executors` shows it. Inputs are not checked against it. Default: any.
   */
  inputSchema?(): JsonObject;
}
