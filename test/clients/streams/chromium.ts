import { build, type Plugin } from 'esbuild';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromiumPath, launchChromium } from '../../support/browser.js';
import { PROJECT } from '../../support/bundle-settings.js';
import { codeBlock } from './documents.js';
import type { Driver, Heard, Wanted } from './driver.js';
import type { Page } from './in-page.js';
import { packageVersion } from './package-version.js';

export interface Chromium {
  drivers: readonly Driver[];
  /** Of the page that they are in: never that of what they follow. */
  origin: string;
  stop: () => Promise<void>;
}

const PACKAGES = [
  'event-source-polyfill',
  'reconnecting-eventsource',
  '@microsoft/fetch-event-source',
  'eventsource-client',
  'eventsource-parser',
];

type Told = Heard | 'stopped' | { error: string };

/** A page with all clients that are for browsers; undefined where there is no Chromium. */
export async function openChromium(): Promise<Chromium | undefined> {
  const path = chromiumPath();
  if (path === undefined) return undefined;
  const server = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>clients</title>');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const browser = await launchChromium(path);
  const page = await browser.newPage();
  const tellers = new Map<number, (told: Told) => void>();
  await page.exposeFunction('tell', (number: number, told: Told) => tellers.get(number)?.(told));
  await page.goto(origin);
  await page.addScriptTag({ content: await bundleOfPage() });

  const driver = (name: string, client: string, reopening?: Driver): Driver => ({
    name,
    ...(reopening && { reopening }),
    open: ({ url, names, onHeard }: Wanted) => {
      const number = tellers.size;
      const stopped = new Promise<void>((resolve, reject) => {
        tellers.set(number, (told) => {
          if (told === 'stopped') resolve();
          else if ('error' in told) reject(new Error(told.error));
          else onHeard(told);
        });
      });
      const opened = page.evaluate(
        ([number, client, url, names]) => {
          (globalThis as unknown as Page).open(number, client, url, names);
        },
        [number, client, url, names] as const,
      );
      return {
        stopped: opened.then(() => stopped),
        close: () =>
          page.evaluate((number) => {
            (globalThis as unknown as Page).close(number);
          }, number),
      };
    },
  });
  const version = `Chromium ${browser.version().split('.')[0]}`;
  const native = (client: string, reopening?: Driver): Driver =>
    driver(`${version}: EventSource`, client, reopening);
  const reopened = native('EventSource, reopened');
  return {
    origin,
    drivers: [
      native('EventSource', reopened),
      ...PACKAGES.map((name) => driver(`${version}: ${packageVersion(name)}`, name)),
    ],
    stop: async () => {
      await browser.close();
      server.close();
    },
  };
}

async function bundleOfPage(): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: PROJECT,
    entryPoints: ['test/clients/streams/in-page.ts'],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    plugins: [programs()],
  });
  return outputFiles[0]?.text ?? '';
}

/** The programs of docs/clients.md, as they stand there. */
function programs(): Plugin {
  return {
    name: 'programs',
    setup(on) {
      on.onResolve({ filter: /^program:/ }, ({ path }) => ({ path: path.slice(8), namespace: 'program' }));
      on.onLoad({ filter: /.*/, namespace: 'program' }, ({ path }) => ({
        contents: codeBlock('clients.md', path),
        resolveDir: PROJECT,
      }));
    },
  };
}
