import { lstatSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { distrust } from '../common/index.js';
import { ConfigError } from './config-error.js';
import { loadEnvFile } from './env-file.js';

/**
 * Adds the variables of the `.env` of the current folder to the environment, if there is one; those that are set
 * already stay. They can name programs and addresses, so the file must be this user's (or root's): the current folder
 * may be one that anybody can write to, such as /tmp.
 *
 * @throws ConfigError when somebody else could have written it, or it can't be read
 */
export async function loadOwnEnvFile(): Promise<void> {
  const path = resolve('.env');
  const link = lstatSync(path, { throwIfNoEntry: false });
  if (!link) return;
  const file = statSync(path, { throwIfNoEntry: false });
  const doubt = distrust(path, link) ?? (file && distrust(path, file));
  if (doubt !== undefined) {
    throw new ConfigError([`${doubt}, so its settings are not used. Remove it, or make it yours.`]);
  }
  if (file) await loadEnvFile(path, process.env);
}
