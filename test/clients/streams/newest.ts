import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { withReopening } from './clients.js';
import type { Driver } from './driver.js';
import { type EventSourceClass, eventSource } from './event-source.js';

const NEEDED_NODE = [22, 12] as const;

/**
 * `eventsource` 5, which needs a newer Node than Runstream does, and so is no dependency: it is installed in a folder
 * outside of the repository.
 *
 * @returns undefined on a Node that is too old for it
 */
export async function newestEventsource(): Promise<Driver | undefined> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < NEEDED_NODE[0] || (major === NEEDED_NODE[0] && minor < NEEDED_NODE[1])) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'runstream-eventsource-'));
  try {
    await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
    await writeFile(join(folder, 'main.js'), `export { EventSource } from 'eventsource';\n`);
    const args = ['install', '--no-audit', '--no-fund', '--loglevel=error', 'eventsource@5'];
    await promisify(execFile)('npm', args, { cwd: folder });
    const manifest = await readFile(join(folder, 'node_modules', 'eventsource', 'package.json'), 'utf8');
    const main = pathToFileURL(join(folder, 'main.js')).href;
    const { EventSource } = (await import(main)) as { EventSource: EventSourceClass };
    const name = `eventsource ${(JSON.parse(manifest) as { version: string }).version}`;
    return withReopening(eventSource(name, EventSource), EventSource);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
