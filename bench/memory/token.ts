import { Redis } from 'ioredis';
import type { Uploaded, UploadJob } from '../intake/upload-load.js';
import { LoadProcess } from '../support/load-process.js';
import { redisDataBytes } from '../support/redis-info.js';
import { createRuns } from '../support/runs.js';
import { startRunstream } from '../support/server.js';

/** No more than a run keeps. */
const EVENTS_PER_RUN = 5000;

/** Bytes that one token takes: an event with five characters, and of its source no more than `agent_id`. */
export interface TokenBytes {
  /** Its frame, as a watcher is sent it. */
  frame: number;
  /** Its entry in the log. Of a type that goes to no journal. */
  log: number;
  /** The same of a type that does. */
  journaled: number;
  /** What was posted, by bare XADD. */
  bare: number;
}

const event = (category: string, action: string): string =>
  JSON.stringify({ event: { category, action }, source: { agent_id: 'a1' }, data: { content: 'hello' } });

/** @param events how many are stored, of which Redis's data is measured before and after */
export async function bytesOfToken(events: number): Promise<TokenBytes> {
  const runstream = await startRunstream();
  const redis = new Redis(runstream.redisUrl);
  const load = await LoadProcess.start<UploadJob, Uploaded>(
    new URL('../intake/upload-load.ts', import.meta.url),
  );
  const bytesEach = async (write: () => Promise<unknown>): Promise<number> => {
    const before = await redisDataBytes(redis);
    await write();
    return ((await redisDataBytes(redis)) - before) / events;
  };
  const upload = async (line: string): Promise<number> => {
    const urls = (await createRuns(runstream.url, Math.ceil(events / EVENTS_PER_RUN))).map(
      (run) => run.events,
    );
    return bytesEach(() => load.ask({ urls, lines: events / urls.length, line }));
  };
  const token = event('llm', 'stream');
  try {
    return {
      frame: await bytesOfFrame(runstream.url, token),
      log: await upload(token),
      journaled: await upload(event('log', 'stdout')),
      bare: await bytesEach(async () => {
        for (let sent = 0; sent < events; sent += 1000) {
          const pipeline = redis.pipeline();
          for (let i = 0; i < 1000; i++) pipeline.xadd('bench:bare', '*', 'e', token);
          await pipeline.exec();
        }
      }),
    };
  } finally {
    redis.disconnect();
    await load.stop();
    await runstream.stop();
  }
}

async function bytesOfFrame(url: string, token: string): Promise<number> {
  const [run] = await createRuns(url, 1);
  const end = JSON.stringify({ event: { category: 'lifecycle', action: 'completed' } });
  const headers = { 'Content-Type': 'application/json' };
  await fetch(run!.events, { method: 'POST', headers, body: `[${token},${end}]` });
  const frames = (await (await fetch(run!.stream)).text()).split('\n\n');
  const frame = frames.find((text) => text.startsWith('event: llm.stream\n'));
  if (frame === undefined) throw new Error('The token has no frame.');
  return Buffer.byteLength(`${frame}\n\n`);
}
