import { delay, ValidationFailedError } from '../../common/index.js';
import type { EventInput, JsonObject } from '../../events/index.js';
import type { Executor } from '../executor.js';
import type { RunExecution } from '../run-execution.js';
import { RunExecutor } from '../run-executor.decorator.js';
import { RunFailedError } from '../run-failed-error.js';
import type { Recordings } from './recordings.js';

const MAX_SPEED = 1_000_000;
/** Events on their way to the store at once. */
const MAX_UNSTORED = 100;

/**
 * Plays a recording of the deployment's folder, by its timestamps: `{"recording": "name", "speed": 1}`. With `speed`
 * 2 it takes half the time; with 0 or `"max"` it waits for nothing. The events are new ones of this run, and have the
 * time at which they are played. What the recording says about the lifecycle of its own run becomes this run's result
 * or error.
 *
 * A run whose process died is played again; what the log has already is not stored twice.
 */
@RunExecutor('replay', { onCrash: 'restart' })
export class ReplayExecutor implements Executor {
  constructor(private readonly recordings: Recordings) {}

  validateInput(input: JsonObject): void {
    readInput(input, this.recordings);
  }

  inputSchema(): JsonObject {
    const recording = { type: 'string', enum: this.recordings.names() };
    const speed = {
      anyOf: [{ type: 'number', minimum: 0, maximum: MAX_SPEED }, { const: 'max' }],
      default: 1,
    };
    return {
      type: 'object',
      properties: { recording, speed },
      required: ['recording'],
      additionalProperties: false,
    };
  }

  async execute(run: RunExecution): Promise<unknown> {
    const { recording, speed } = readInput(run.input, this.recordings);
    const startedAt = performance.now();
    let first: number | undefined;
    let events = 0;
    let result: unknown;
    let unstored: Promise<unknown>[] = [];
    const store = async (): Promise<void> => {
      const waiting = unstored;
      unstored = [];
      await Promise.all(waiting);
    };

    for await (const { number, event } of this.recordings.read(recording, run.signal)) {
      const type = typeOf(event, number);
      const at = Date.parse(event.timestamp ?? '');
      if (!Number.isNaN(at) && speed !== Infinity) {
        first ??= at;
        const waitMs = (at - first) / speed - (performance.now() - startedAt);
        if (waitMs > 0) {
          await store();
          await delay(waitMs, { signal: run.signal });
        }
      }
      if (type.startsWith('lifecycle.') && event.source == null) {
        if (type === 'lifecycle.started') continue;
        if (type !== 'lifecycle.completed') throw endOf(type, event);
        result = dataOf(event)['result'];
        break;
      }
      events++;
      const { source, context, metadata, data } = event;
      unstored.push(
        run.emitUntyped(type, data ?? {}, {
          ...(source && { source }),
          ...(context && { context }),
          ...(metadata && { metadata }),
          idempotency_key: `replay:${number}`,
        }),
      );
      if (unstored.length >= MAX_UNSTORED) await store();
    }
    await store();
    run.signal.throwIfAborted();
    return result ?? { events };
  }
}

interface ReplayInput {
  recording: string;
  /** How many times faster than it was recorded. */
  speed: number;
}

/** @throws ValidationFailedError */
function readInput(input: JsonObject, recordings: Recordings): ReplayInput {
  const extra = Object.keys(input).filter((key) => key !== 'recording' && key !== 'speed');
  if (extra.length > 0) {
    throw new ValidationFailedError(
      extra.map((key) => ({
        path: `input.${key.slice(0, 120)}`,
        message: 'is not known; the executor "replay" takes {"recording": "<name>", "speed": 1}',
      })),
    );
  }
  const { recording, speed = 1 } = input;
  recordings.assertThere(recording);
  if (speed === 'max' || speed === 0) return { recording, speed: Infinity };
  if (typeof speed === 'number' && speed > 0 && speed <= MAX_SPEED) return { recording, speed };
  throw new ValidationFailedError([
    { path: 'input.speed', message: `must be a number up to ${MAX_SPEED}, or "max"` },
  ]);
}

function typeOf({ event }: EventInput, number: number): string {
  const { category, action } = (event ?? {}) as { category?: unknown; action?: unknown };
  if (typeof category === 'string' && typeof action === 'string') return `${category}.${action}`;
  throw new RunFailedError(`line ${number} of the recording has no type`, { line: number });
}

/** Of an event that was JSON. */
function dataOf({ data }: EventInput): JsonObject {
  return data ?? {};
}

function endOf(type: string, event: EventInput): RunFailedError {
  const data = dataOf(event);
  if (type !== 'lifecycle.failed') return new RunFailedError('the recorded run was cancelled', data);
  const { error } = data;
  return new RunFailedError(typeof error === 'string' ? error : 'the recorded run failed', data);
}
