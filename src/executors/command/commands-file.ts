import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { FileContentError, readJsonFile } from '../../common/index.js';

/** A command that a run may name. */
export interface NamedCommand {
  readonly name: string;
  /** The program and its arguments. No shell reads them. */
  readonly argv: readonly [string, ...string[]];
  /** Default 600. */
  readonly timeoutSeconds: number;
  /** Default: the service's own working folder. A relative one begins at the commands file. */
  readonly cwd: string | undefined;
  /** Variables beside the few that every command gets. Default: none. */
  readonly env: Readonly<Record<string, string>>;
}

export type CommandsFile = ReadonlyMap<string, NamedCommand>;

const DEFAULT_TIMEOUT_SECONDS = 600;
const MAX_TIMEOUT_SECONDS = 86_400;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,62}$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const MEMBERS = new Set(['argv', 'timeout_seconds', 'cwd', 'env']);
const EXAMPLE = '{"lint": {"argv": ["npm", "run", "lint"], "timeout_seconds": 600}}';

/** The file with the named commands is not usable; the message says what to correct. */
export class CommandsFileError extends Error {
  constructor(path: string, problems: readonly string[]) {
    super(
      `The commands file ${path} is not usable:\n${problems.map((one) => `  - ${one}`).join('\n')}\nIt looks like ${EXAMPLE}.`,
    );
    this.name = 'CommandsFileError';
  }
}

/** @throws CommandsFileError with everything that is wrong in it */
export async function readCommandsFile(path: string): Promise<CommandsFile> {
  const file = await readJsonFile(path).catch((error: unknown) => {
    throw error instanceof FileContentError ? new CommandsFileError(path, [error.reason]) : error;
  });
  const problems: string[] = [];
  const commands = parseCommands(file, dirname(resolve(path)), problems);
  for (const { name, cwd } of commands.values()) {
    if (cwd !== undefined && !(await isFolder(cwd))) problems.push(`${name}.cwd: ${cwd} is not a folder`);
  }
  if (problems.length > 0) throw new CommandsFileError(path, problems);
  return commands;
}

/** Reads what is well-formed, and adds a sentence to `problems` for all that is not. */
function parseCommands(file: unknown, folder: string, problems: string[]): CommandsFile {
  const commands = new Map<string, NamedCommand>();
  if (!isObject(file)) {
    problems.push('it must be one JSON object, with a member for each command');
    return commands;
  }
  for (const [name, value] of Object.entries(file)) {
    const before = problems.length;
    if (!NAME.test(name)) {
      problems.push(
        `"${name}" can't name a command: use at most 63 letters, digits, "_", ".", ":" and "-", a letter or digit first`,
      );
    }
    const command = parseCommand(name, value, folder, problems);
    if (problems.length === before && command) commands.set(name, command);
  }
  return commands;
}

function parseCommand(
  name: string,
  value: unknown,
  folder: string,
  problems: string[],
): NamedCommand | undefined {
  if (!isObject(value)) {
    problems.push(`${name}: must be an object like {"argv": ["npm", "test"]}`);
    return undefined;
  }
  for (const member of Object.keys(value)) {
    if (!MEMBERS.has(member)) {
      problems.push(`${name}.${member}: is not known; there are ${[...MEMBERS].join(', ')}`);
    }
  }
  const { argv, timeout_seconds: timeout = DEFAULT_TIMEOUT_SECONDS, cwd, env = {} } = value;
  if (!isArgv(argv)) {
    problems.push(`${name}.argv: must be an array of strings, the program first: ["npm", "run", "lint"]`);
  }
  if (typeof timeout !== 'number' || !(timeout > 0 && timeout <= MAX_TIMEOUT_SECONDS)) {
    problems.push(`${name}.timeout_seconds: must be a number above 0, at most ${MAX_TIMEOUT_SECONDS}`);
  }
  if (cwd !== undefined && (typeof cwd !== 'string' || cwd === '' || cwd.includes('\0'))) {
    problems.push(`${name}.cwd: must be the path of a folder`);
  }
  if (!isEnvironment(env)) {
    problems.push(`${name}.env: must be an object of strings, like {"CI": "true"}`);
  }
  if (!isArgv(argv) || !isEnvironment(env)) return undefined;
  return {
    name,
    argv,
    timeoutSeconds: Number(timeout),
    cwd: typeof cwd === 'string' ? resolve(folder, cwd) : undefined,
    env,
  };
}

function isArgv(value: unknown): value is [string, ...string[]] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value[0] !== '' &&
    value.every((part) => typeof part === 'string' && !part.includes('\0'))
  );
}

function isEnvironment(value: unknown): value is Record<string, string> {
  return (
    isObject(value) &&
    Object.entries(value).every(
      ([key, text]) => VARIABLE.test(key) && typeof text === 'string' && !text.includes('\0'),
    )
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
