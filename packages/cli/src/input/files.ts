import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { UsageError } from '../failure.js';
import type { Said } from './target.js';

const MAX_BYTES = 2 ** 20;
const MEMBERS = ['url', 'key', 'tenant'] as const;

/** What variables say. All others are not looked at. */
export function fromVariables(variables: Readonly<Record<string, string | undefined>>): Said {
  return given((name) => variables[`RUNSTREAM_${name.toUpperCase()}`]);
}

/** What `.env` in a folder says. */
export async function fromFolder(folder: string): Promise<Said> {
  const text = await textOf(join(folder, '.env'));
  return text === undefined ? {} : fromVariables(parseEnv(text));
}

export function profilesFile(environment: NodeJS.ProcessEnv): string {
  const folder = environment['XDG_CONFIG_HOME'] || join(homedir(), '.config');
  return join(folder, 'runstream.json');
}

/**
 * A profile of `{"profile": "<the one without --profile>", "profiles": {"<name>": {"url", "key", "tenant"}}}`.
 *
 * @throws UsageError
 */
export async function fromProfile(file: string, name: string | undefined): Promise<Said> {
  const text = await textOf(file);
  if (text === undefined) {
    if (name === undefined) return {};
    throw new UsageError(`There is no ${file} to have the profile "${name}".`);
  }
  const content = parsed(text, file);
  const wanted = name ?? stringOf(content['profile']);
  if (wanted === undefined) return {};
  const profiles = objectOf(content['profiles']) ?? {};
  const profile = Object.hasOwn(profiles, wanted) ? objectOf(profiles[wanted]) : undefined;
  if (!profile) {
    const names = Object.keys(profiles).join(', ') || 'none';
    throw new UsageError(`${file} has no profile "${wanted}". It has: ${names}.`);
  }
  return given((member) => stringOf(profile[member]));
}

function parsed(text: string, file: string): Record<string, unknown> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // What the parser says shows a part of the file, which has keys.
  }
  const object = objectOf(content);
  if (!object) throw new UsageError(`${file} is no JSON object.`);
  return object;
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    const { size } = await stat(file);
    if (size > MAX_BYTES) throw new UsageError(`${file} has more than ${MAX_BYTES} bytes.`);
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${file} can not be read: ${code}.`);
  }
}

function given(valueOf: (member: (typeof MEMBERS)[number]) => string | undefined): Said {
  const values = MEMBERS.map((member) => [member, valueOf(member)] as const);
  // An empty one counts as none, as `RUNSTREAM_KEY=` of a shell.
  return Object.fromEntries(values.filter(([, value]) => value !== undefined && value !== ''));
}

function objectOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
