import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../../support/eventually.js';
import { type RedisSentinels, SENTINEL_NAME, startRedisSentinels } from '../../support/redis-sentinels.js';
import { TestBed } from '../../support/test-bed.js';
import { findingsInAllLooks } from '../axe/axe.js';
import { describeInBrowser } from '../visit.js';
import { numbered } from './run-events.js';
import { type RunOnPage, RunScene } from './run-scene.js';

const SLOTS = 4;

const bed = new TestBed();
const scene = new RunScene();
let sentinels: RedisSentinels;

/** As if four other tabs of this browser had a stream. */
async function takeAllSlots({ page }: RunOnPage): Promise<void> {
  await page.evaluate(`for (let n = 0; n < ${SLOTS}; n++)
    navigator.locks.request('runstream-stream-' + n, { steal: true }, () => new Promise(() => {}));
    undefined`);
}

describeInBrowser('the page of a run whose newest events a failover has lost', () => {
  beforeAll(async () => {
    [sentinels] = await Promise.all([startRedisSentinels({ replicas: 1, downAfterMs: 500 }), scene.open()]);
    bed.onClose(() => sentinels.stop());
  });
  afterAll(async () => {
    await scene.close();
    await bed.close();
  });

  it('says so, and shows the log as it is now: each event once and in order, also without a stream', async () => {
    const service = await bed.serveHere({
      REDIS_SENTINELS: sentinels.addresses,
      REDIS_SENTINEL_NAME: SENTINEL_NAME,
      SSE_RETRY_MS: '100',
    });
    const api = bed.client(service);
    const { id } = await api.createRun();
    await api.append(id, numbered(2, 5));
    const first = await sentinels.master();
    await eventually('the replica has it', async () => {
      const info = await sentinels.client(first).info('replication');
      const offset = /^master_repl_offset:(\d+)/m.exec(info)?.[1];
      return new RegExp(`offset=${offset}`).test(info);
    });
    const path = `runs/${id}?view=all`;
    const polling = await scene.visit(service.url, '#/nowhere');
    await takeAllSlots(polling);
    await polling.page.goto(`${service.url}/#/${path}`);
    const streaming = await scene.visit(service.url, path);
    await streaming.says(/● live/);
    await polling.says(/polling/);
    for (const server of sentinels.servers)
      if (server !== first) await sentinels.client(server).replicaof('127.0.0.1', '1');
    await api.append(id, numbered(6, 20));
    for (const run of [streaming, polling]) await run.says(/20 events, all held/, run.held);
    await first.kill();
    await eventually('another is the master', async () => (await sentinels.master()) !== first);
    await eventually(
      'it takes events',
      async () => (await api.post(id, numbered(106, 106)[0])).status === 201,
    );
    for (const run of [streaming, polling]) {
      await run.says(/the log is another one than before/, run.held);
      await run.says(/system\.warning/);
      await run.row('line 106').waitFor();
      const log = await api.history(id);
      await eventually('all of it, and no more', async () => (await run.rowCount()) === log.length);
      await run.toTop();
      await run.row('lifecycle.started').waitFor();
      const rows = await run.rowTexts();
      expect(rows).toHaveLength(log.length);
      for (const [at, { event }] of log.entries()) {
        expect(rows[at]).toMatch(new RegExp(`^${at + 1}\\d\\d:`));
        expect(rows[at]).toContain(`${event.category}.${event.action}`);
      }
      expect(rows.filter((text) => /line (6|20)$/.test(text))).toEqual([]);
      expect(await findingsInAllLooks(run.page)).toEqual([]);
    }
    expect(scene.complaints).toEqual([]);
  });
});
