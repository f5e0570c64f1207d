import { homedir } from 'node:os';
import { dirname } from 'node:path';
import { pause, setLongTimeout, ValidationFailedError } from '../../common/index.js';
import type { JsonObject } from '../../events/index.js';
import { activeTrace } from '../../tracing/index.js';
import type { Executor } from '../executor.js';
import { EXECUTORS_DEFAULTS, type ExecutorsOptions } from '../executors-options.js';
import type { RunExecution } from '../run-execution.js';
import { RunExecutor } from '../run-executor.decorator.js';
import { RunFailedError } from '../run-failed-error.js';
import type { CommandsFile, NamedCommand } from './commands-file.js';
import { OutputPump } from './output-pump.js';
import { ProcessGroup, type ProcessExit } from './process-group.js';
import type { ProcessGuard } from './process-guard.js';

/** What is left in a pipe is read within this time, or nobody writes to it any more. */
const DRAIN_CHECK_MS = 500;

/**
 * Runs a command that the deployment's commands file names, never one from the request: `{"command": "lint"}`. Each
 * line of its output is an event, `log.stdout` or `log.stderr` with `{line}`; its exit code is the result. When its
 * time is up, or the run is cancelled, the whole process group ends.
 */
@RunExecutor('command')
export class CommandExecutor implements Executor {
  private readonly environment: Readonly<Record<string, string>>;
  private readonly killGraceMs: number;

  constructor(
    private readonly commands: CommandsFile,
    options: ExecutorsOptions,
    private readonly guard: ProcessGuard,
  ) {
    this.environment = options.commandEnvironment ?? defaultEnvironment();
    // At shutdown there must be time left to kill what did not end, and to say so in the log.
    this.killGraceMs = Math.min(
      options.killGraceMs ?? EXECUTORS_DEFAULTS.killGraceMs,
      (options.shutdownTimeoutMs ?? EXECUTORS_DEFAULTS.shutdownTimeoutMs) / 2,
    );
  }

  validateInput(input: JsonObject): void {
    this.commandOf(input);
  }

  inputSchema(): JsonObject {
    const command = { type: 'string', enum: [...this.commands.keys()] };
    return { type: 'object', properties: { command }, required: ['command'], additionalProperties: false };
  }

  async execute(run: RunExecution): Promise<JsonObject> {
    const command = this.commandOf(run.input);
    run.signal.throwIfAborted();
    const group = new ProcessGroup(
      command.argv,
      {
        cwd: command.cwd,
        env: { ...this.environment, ...command.env, ...traceVariables(run) },
        killGraceMs: this.killGraceMs,
      },
      this.guard,
    );
    const pumps = [
      new OutputPump(group.stdout, (line) => run.emit('log.stdout', { ...line })),
      new OutputPump(group.stderr, (line) => run.emit('log.stderr', { ...line })),
    ];
    let timedOut = false;
    const end = (): void => void group.end();
    const limit = setLongTimeout(() => {
      timedOut = true;
      end();
    }, command.timeoutSeconds * 1000);
    run.signal.addEventListener('abort', end);
    if (run.signal.aborted) end();
    try {
      const exit = await exitOf(group, command);
      limit.cancel();
      await Promise.all([group.end(), drain(pumps)]);
      run.signal.throwIfAborted();
      if (timedOut) throw new RunFailedError(`timed out after ${command.timeoutSeconds} s`);
      return resultOf(exit);
    } finally {
      limit.cancel();
      run.signal.removeEventListener('abort', end);
      // Also when an event was refused: what nobody listens to must not run on.
      await group.end();
    }
  }

  /** @throws ValidationFailedError */
  private commandOf(input: JsonObject): NamedCommand {
    const extra = Object.keys(input).filter((key) => key !== 'command');
    if (extra.length > 0) {
      throw new ValidationFailedError(
        extra.map((key) => ({
          path: `input.${key.slice(0, 120)}`,
          message: 'is not known; the executor "command" takes only {"command": "<name>"}',
        })),
      );
    }
    const name = input['command'];
    const command = typeof name === 'string' ? this.commands.get(name) : undefined;
    if (command) return command;
    const names = [...this.commands.keys()];
    const message =
      names.length > 0
        ? `must be one of ${names.join(', ')}`
        : 'no command is configured here; name them in a file and set COMMANDS_FILE to its path';
    throw new ValidationFailedError([{ path: 'input.command', message }]);
  }
}

async function exitOf(group: ProcessGroup, command: NamedCommand): Promise<ProcessExit> {
  try {
    return await group.exit;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new RunFailedError(`the command "${command.name}" could not be started`, {
      reason: code ?? message,
    });
  }
}

/** Waits for the rest of the output. A process that left the group may hold a pipe open for ever: not for that. */
async function drain(pumps: readonly OutputPump[]): Promise<void> {
  const stop = new AbortController();
  const check = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      for (const pump of pumps) pump.endIfIdle();
      await pause(DRAIN_CHECK_MS, stop.signal);
    }
  };
  const checking = check();
  try {
    await Promise.all(pumps.map((pump) => pump.done));
  } finally {
    stop.abort();
    await checking;
  }
}

function resultOf({ code, signal }: ProcessExit): JsonObject {
  if (code === 0) return { exit_code: 0 };
  if (code === null) throw new RunFailedError(`killed by ${signal ?? 'a signal'}`, { signal });
  throw new RunFailedError(`exit code ${code}`, { exit_code: code });
}

/** The service's own variables may hold secrets, so a command gets none of them unasked. */
function defaultEnvironment(): Record<string, string> {
  const folders = [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'];
  return { PATH: folders.join(':'), HOME: homedir(), LANG: 'C.UTF-8' };
}

/** As other programs hand a trace on (https://opentelemetry.io/docs/specs/otel/context/env-carriers/). */
function traceVariables({ context }: RunExecution): Record<string, string> {
  const { traceparent } = activeTrace() ?? context;
  return traceparent == null ? {} : { TRACEPARENT: traceparent };
}
