import { readdirSync, readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { loadConfig, type Setting, SETTINGS } from '../../src/config/index.js';
import { SERVICE_SETTINGS } from '../../src/config/settings/service.settings.js';

export const DEPLOY = new URL('../../deploy/', import.meta.url);

/** The documents of a file of deploy/, with what is wrong with their syntax thrown. */
export function documentsOf(name: string): unknown[] {
  return parseAllDocuments(readFileSync(new URL(name, DEPLOY), 'utf8'), {
    merge: true,
    uniqueKeys: true,
  }).map((document) => {
    const [error] = document.errors;
    if (error) throw error;
    return document.toJS() as unknown;
  });
}

export function filesOf(folder: string, ending: string): string[] {
  return readdirSync(new URL(folder, DEPLOY))
    .filter((name) => name.endsWith(ending))
    .map((name) => `${folder}${name}`);
}

type Environment = Readonly<Record<string, string>>;

/** What the image sets by itself. */
const OF_IMAGE: Environment = Object.fromEntries(
  (/^ENV (.+)$/m.exec(readFileSync('Dockerfile', 'utf8'))?.[1] ?? '')
    .split(' ')
    .map((pair) => pair.split('=', 2) as [string, string]),
);

const SETTABLE = new Set([
  ...Object.values({ ...SETTINGS, service: SERVICE_SETTINGS })
    .flatMap((group) => Object.values<Setting>(group))
    .flatMap(({ env }) => env ?? []),
  ...['ALLOW_UNAUTHENTICATED', 'NODE_ENV', 'TRUST_PROXY'],
]);

/** Names that are no setting of the service. */
export function unknownSettings(environment: Environment): string[] {
  return Object.keys(environment).filter((name) => !SETTABLE.has(name) && !/^(JWT|OTEL)_/.test(name));
}

/** The configuration that a container of the image has with these variables. */
export function configOf(environment: Environment): ReturnType<typeof loadConfig> {
  return loadConfig({ ...OF_IMAGE, ...environment });
}
