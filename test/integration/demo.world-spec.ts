import { afterAll, describe, expect, it } from '@jest/globals';
import { startLyingServer } from '../client/lying-server.js';
import { type Child, startChild } from '../support/child.js';
import { eventually } from '../support/eventually.js';
import { TestKeys } from '../access/keys.js';
import { freePort } from '../support/redis.js';
import { TestBed } from '../support/test-bed.js';

const bed = new TestBed();
afterAll(() => bed.close());

function demo(args: string[], env: NodeJS.ProcessEnv = {}): Child {
  return startChild(process.execPath, ['scripts/demo.mjs', ...args], {
    env: { PATH: process.env['PATH'], ...env },
  });
}

async function outcomeOf(child: Child): Promise<[unknown, string]> {
  return [await child.exit(), child.lines.join('\n')];
}

describe('npm run demo', () => {
  it('N6 finds a service by PORT, and names --url and PORT when none is there', async () => {
    const port = await freePort();
    for (const child of [demo([], { PORT: String(port) }), demo(['--url', `http://127.0.0.1:${port}`])]) {
      expect(await outcomeOf(child)).toEqual([
        1,
        expect.stringMatching(new RegExp(`Nothing answers at http://127.0.0.1:${port}.*--url.*PORT`)),
      ]);
    }
    await bed.serveHere({ PORT: String(port) });
    expect(await outcomeOf(demo([], { PORT: String(port) }))).toEqual([
      0,
      expect.stringMatching(/exactly once/),
    ]);
  });

  it('tells a stranger from a service, and what it asks for', async () => {
    const stranger = await startLyingServer((response) => response.end('<h1>hello</h1>'));
    bed.onClose(() => stranger.close());
    expect(await outcomeOf(demo(['--url', stranger.url]))).toEqual([
      1,
      expect.stringMatching(/no Runstream service/),
    ]);
    const { url } = await bed.serveHere({ AUTH_MODE: 'api-key' });
    expect(await outcomeOf(demo(['--url', url]))).toEqual([
      1,
      expect.stringMatching(/UNAUTHORIZED.*--header/),
    ]);
    const keys = await TestKeys.open();
    bed.onClose(() => keys.close());
    const { secret } = await keys.create('default');
    const header = ['--header', `Authorization: Bearer ${secret}`];
    expect(await outcomeOf(demo(['--url', url, ...header]))).toEqual([
      0,
      expect.stringMatching(/exactly once/),
    ]);
  });

  it('leaves no run behind when it is stopped', async () => {
    const service = await bed.serveHere();
    const api = bed.client(service);
    const child = demo(['--url', service.url]);
    const run = /Run (\S+),/.exec(await child.line(/^Run /))?.[1] ?? '';
    await eventually('it is under way', async () => (await api.run(run)).sequence > 3);
    child.process.kill('SIGINT');
    expect(await child.exit()).toBe(130);
    expect((await api.get(`/runs/${run}`)).status).toBe(404);
  });
});
