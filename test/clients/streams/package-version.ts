import { readFileSync } from 'node:fs';

/** A package that is installed here, with its version: `eventsource 4.1.1`. */
export function packageVersion(folder: string): string {
  const manifest = new URL(`../../../node_modules/${folder}/package.json`, import.meta.url);
  const { name, version } = JSON.parse(readFileSync(manifest, 'utf8')) as { name: string; version: string };
  return `${name} ${version}`;
}
