import { fileURLToPath } from 'node:url';
import { type Child, startScript } from '../test/support/child.js';
import type { Bench, BenchOptions, Row } from './bench.js';
import { startNchan } from './fan-out/nchan.js';
import { Load } from './support/load.js';
import { startPlainSse, startRunstream } from './support/server.js';

const WATCHERS_SCRIPT = fileURLToPath(new URL('./fan-out/watchers.ts', import.meta.url));
const PUBLISHERS = 16;
/** About what one event of Runstream is on the wire, so that all contenders move the same number of bytes. */
const PADDING = 'x'.repeat(330);
const SHORT_BODY = JSON.stringify({
  event: { category: 'llm', action: 'stream' },
  source: { agent_id: 'a1' },
  data: { content: 'hello' },
});
const PADDED_BODY = JSON.stringify({ content: PADDING });

/** Something that events are posted to, and that streams them to whoever watches. */
interface Contender {
  name: string;
  publish: string;
  stream: string;
  body: string;
}

/** One run, many watchers: how many frames a second reach them, in all. */
export const fanOut: Bench = {
  name: 'fan-out',
  measures:
    'frames per second that all watchers of one run get together, from the first append until the last watcher has ' +
    `the last frame: events one after the other, and in bursts of ${PUBLISHERS} publishers.`,
  run: async (options) => {
    const stops: (() => Promise<void>)[] = [];
    const contenders: Contender[] = [];
    try {
      const runstream = await startRunstream(options.profileDir);
      stops.push(() => runstream.stop());
      contenders.push(await runContender(runstream.url));
      const plain = await startPlainSse();
      stops.push(() => plain.stop());
      contenders.push({
        name: 'plain @Sse',
        publish: `${plain.url}/events`,
        stream: `${plain.url}/stream`,
        body: PADDED_BODY,
      });
      const nchan = await startNchan();
      if (nchan) {
        stops.push(() => nchan.stop());
        contenders.push({
          name: 'nchan',
          publish: `${nchan.url}/events`,
          stream: `${nchan.url}/stream`,
          body: PADDED_BODY,
        });
      } else options.say('nchan is left out: install libnginx-mod-nchan to compare with it.');
      return await compare(contenders, options);
    } finally {
      for (const stop of stops.reverse()) await stop();
    }
  },
};

async function compare(contenders: readonly Contender[], options: BenchOptions): Promise<Row[]> {
  const watchers = new Map<string, Child>();
  const load = new Load();
  const rates = new Map<string, number[]>();
  try {
    for (const { name, stream } of contenders)
      watchers.set(name, await startWatchers(stream, options.fanOutWatchers));
    for (let round = 0; round <= options.rounds; round++) {
      for (const [way, publishers, events] of [
        ['one at a time', 1, 100],
        ['in bursts', PUBLISHERS, 800],
      ] as const) {
        for (const contender of contenders) {
          const rate = await measure(
            contender,
            watchers.get(contender.name)!,
            load,
            publishers,
            events,
            options,
          );
          // The first round warms up.
          if (round > 0)
            rates.set(`${contender.name}|${way}`, [...(rates.get(`${contender.name}|${way}`) ?? []), rate]);
        }
      }
      options.say(`round ${round} of ${options.rounds}`);
    }
  } finally {
    load.close();
    for (const child of watchers.values()) child.process.kill('SIGKILL');
  }
  return ['one at a time', 'in bursts'].flatMap((way) =>
    contenders.map(({ name }) => {
      const own = rates.get(`${name}|${way}`) ?? [];
      const base = rates.get(`${contenders[0]!.name}|${way}`) ?? [];
      return {
        server: name,
        events: way,
        'frames/s (median)': Math.round(median(own)),
        min: Math.round(Math.min(...own)),
        max: Math.round(Math.max(...own)),
        'Runstream is … times this': Number(median(base.map((rate, i) => rate / own[i]!)).toFixed(2)),
      };
    }),
  );
}

async function measure(
  contender: Contender,
  watchers: Child,
  load: Load,
  publishers: number,
  events: number,
  options: BenchOptions,
): Promise<number> {
  const linesBefore = watchers.lines.length;
  const frames = events * options.fanOutWatchers;
  watchers.process.stdin?.write(`expect ${frames}\n`);
  await lineAfter(watchers, linesBefore, /^counting$/);
  const startedAt = performance.timeOrigin + performance.now();
  let left = events;
  await Promise.all(
    Array.from({ length: publishers }, async () => {
      while (left-- > 0) await load.post(contender.publish, contender.body);
    }),
  );
  const done = await lineAfter(watchers, linesBefore, /^done /);
  return frames / ((Number(done.slice('done '.length)) - startedAt) / 1000);
}

/** A line that was printed after the first `count` ones. */
async function lineAfter(child: Child, count: number, pattern: RegExp): Promise<string> {
  for (;;) {
    const line = child.lines.slice(count).find((one) => pattern.test(one));
    if (line !== undefined) return line;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

async function startWatchers(url: string, count: number): Promise<Child> {
  const child = startScript(WATCHERS_SCRIPT, [url, String(count)]);
  await child.line(/^ready$/);
  return child;
}

async function runContender(url: string): Promise<Contender> {
  const load = new Load();
  try {
    const run = JSON.parse(await load.post(`${url}/runs`, JSON.stringify({ task: 'fan-out' }))) as {
      links: { events: string; stream: string };
    };
    return {
      name: 'Runstream',
      publish: url + run.links.events,
      stream: `${url}${run.links.stream}?from=tail`,
      body: SHORT_BODY,
    };
  } finally {
    load.close();
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
