import { afterAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { freePort, testRedisUrl } from '../support/redis.js';
import { type Service, startMain } from '../support/service.js';
import { TestBed } from '../support/test-bed.js';

const bed = new TestBed();
afterAll(() => bed.close());

/** Without what stands before a message. */
const said = ({ child }: Service): string[] => child.lines.map((line) => line.replace(/^.*\] /, ''));

/** Starts it, and waits for its last line. */
async function started(env?: NodeJS.ProcessEnv): Promise<Service> {
  const service = await bed.startService({ NO_COLOR: '1', ...env });
  await service.child.line(/Health: /);
  return service;
}

describe('What a start prints', () => {
  it('ends with where the page, the documentation and the health are', async () => {
    const service = await started();
    const lines = said(service);
    expect(lines.slice(-4)).toEqual([
      `Serving on ${service.url}`,
      `Page:   ${service.url}/`,
      `Docs:   ${service.url}/docs`,
      `Health: ${service.url}/health/ready`,
    ]);
    for (const line of lines.slice(-3)) expect((await fetch(line.slice(8))).status).toBe(200);
    expect(lines.length).toBeLessThan(12);
  });

  it('has the routes with LOG_LEVEL=debug, and nothing with LOG_LEVEL=error', async () => {
    const lines = said(await started({ LOG_LEVEL: 'debug' }));
    expect(lines).toContainEqual(expect.stringMatching(/^Mapped \{\/runs, POST\} route/));
    expect(lines.at(-1)).toMatch(/^Health: /);
    const quiet = { LOG_LEVEL: 'error', NODE_ENV: 'test', PORT: String(await freePort()) };
    const child = startMain({ env: { ...process.env, REDIS_URL: testRedisUrl(), ...quiet } });
    bed.onClose(() => child.exit());
    await eventually('it serves', () =>
      fetch(`http://127.0.0.1:${quiet.PORT}/health/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
    child.process.kill('SIGTERM');
    expect(await child.exit()).toBe(0);
    expect(child.lines).toEqual([]);
  });

  it('ends so once, when all workers serve', async () => {
    const service = await started({ WORKERS: '2' });
    const lines = said(service);
    expect(lines.filter((line) => line.startsWith('Serving on'))).toHaveLength(2);
    expect(lines.slice(-3).map((line) => line.slice(0, 8))).toEqual(['Page:   ', 'Docs:   ', 'Health: ']);
    expect(lines.filter((line) => line.startsWith('Page:'))).toHaveLength(1);
  });
});
