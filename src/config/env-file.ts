import { existsSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { FileContentError, readTextFile } from '../common/index.js';
import { ConfigError } from './config-error.js';

/**
 * Adds the variables of a `.env` file, if there is one. What the environment has already counts instead.
 *
 * Not Node's own loadEnvFile(): of a file that begins with a byte order mark it drops the first variable, and of one
 * that is not UTF-8 it takes something else than what is there.
 *
 * @throws ConfigError
 */
export async function loadEnvFile(path: string, env: NodeJS.ProcessEnv): Promise<void> {
  if (!existsSync(path)) return;
  const text = await readTextFile(path).catch((error: unknown) => {
    throw error instanceof FileContentError ? new ConfigError([error.message]) : error;
  });
  for (const [name, value] of Object.entries(parseEnv(text))) env[name] ??= value;
}
