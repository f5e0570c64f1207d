import { describe, expect, it } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { loadConfig, type Setting, SETTINGS } from '../../src/config/index.js';
import { SERVICE_SETTINGS } from '../../src/config/settings/service.settings.js';

const DOC = new URL('../../docs/configuration.md', import.meta.url);
const [START, END] = ['<!-- settings: made by test/setup/settings.spec.ts -->', '<!-- end of settings -->'];
const groups = { ...SETTINGS, service: SERVICE_SETTINGS } as Readonly<
  Record<string, Readonly<Record<string, Setting>>>
>;
const settings = Object.entries(groups).flatMap(([group, named]) =>
  Object.entries(named).map(([name, setting]) => ({ path: `${group}.${name}`, group, ...setting })),
);

function tables(): string {
  return Object.entries(groups)
    .map(([group, named]) => {
      const rows = Object.entries(named).map(([name, setting]) => {
        const { env, doc } = setting;
        return `| \`${name}\` | ${env ? `\`${env}\`` : ''} | ${shown(setting)} | ${doc.replaceAll('|', '\\|')} |`;
      });
      const title = group === 'service' ? 'Only of the service' : `\`${group}\``;
      return `### ${title}\n\n| option | variable | default | |\n| --- | --- | --- | --- |\n${rows.join('\n')}`;
    })
    .join('\n\n');
}

function shown({ default: value, unit }: Setting): string {
  if (value === undefined) return 'none';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : `\`${value.join(',')}\``;
  const short = { milliseconds: ' ms', seconds: ' s', bytes: ' bytes', percent: ' %' }[unit ?? ''] ?? '';
  return `${JSON.stringify(value).replaceAll('"', '')}${short}`;
}

/** What a table says, however it is laid out. */
const words = (text: string) => text.replaceAll(/[ -]+/g, ' ').trim();

describe('the settings', () => {
  it('are in docs/configuration.md (UPDATE_DOCS=1 writes them)', () => {
    const text = readFileSync(DOC, 'utf8');
    const [before = '', rest = ''] = text.split(START);
    const [inside = '', after = ''] = rest.split(END);
    if (process.env['UPDATE_DOCS'] === '1')
      writeFileSync(DOC, `${before}${START}\n\n${tables()}\n\n${END}${after}`);
    else expect(words(inside)).toBe(words(tables()));
  });

  it('have each variable that the service reads, but for those that only it understands', () => {
    const read = new Set<string>();
    const recorder = new Proxy<NodeJS.ProcessEnv>(
      {},
      { get: (_, name) => (typeof name === 'string' ? void read.add(name) : undefined) },
    );
    loadConfig(recorder);
    const listed = new Set(settings.flatMap(({ env }) => env ?? []));
    expect([...listed].filter((name) => !read.has(name))).toEqual([]);
    const own = [...read].filter((name) => !listed.has(name) && !name.startsWith('JWT_'));
    expect(own.sort()).toEqual(['ALLOW_UNAUTHENTICATED', 'NODE_ENV', 'TRUST_PROXY']);
  });

  it('have the defaults that the service has', () => {
    const { sse, host, port, workers, logLevel, production, ...config } = loadConfig({});
    expect([host, port, workers, logLevel, production]).toEqual([
      SERVICE_SETTINGS.host.default,
      SERVICE_SETTINGS.port.default,
      SERVICE_SETTINGS.workers.default,
      SERVICE_SETTINGS.logLevel.default,
      false,
    ]);
    for (const [group, values] of Object.entries(config)) {
      for (const [name, value] of Object.entries(values as object) as [string, unknown][]) {
        const setting = groups[group]?.[name] ?? groups['service']?.[name];
        if (name === 'allowUnauthenticated' || name === 'corsOrigins') continue;
        expect([group, name, setting?.default]).toEqual([group, name, value]);
      }
    }
    expect(sse).toEqual({
      heartbeatMs: SETTINGS.events.heartbeatMs.default,
      retryMs: SETTINGS.runs.retryMs.default,
      watcherBufferBytes: SETTINGS.runs.watcherBufferBytes.default,
    });
  });

  it('take their own defaults', () => {
    for (const { path, default: value, check } of settings)
      if (value !== undefined) expect([path, check(value)]).toEqual([path, undefined]);
  });
});
