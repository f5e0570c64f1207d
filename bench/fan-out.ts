import type { Child } from '../test/support/child.js';
import type { Bench, BenchOptions, Finding, Report } from './bench.js';
import { framesAll, startWatchers } from './fan-out/measure.js';
import { startNchan } from './fan-out/nchan.js';
import { median, round } from './support/latencies.js';
import { Load } from './support/load.js';
import { spread } from './support/rounds.js';
import { startPlainSse, startRunstream } from './support/server.js';

const PUBLISHERS = 16;
/** About what one event of Runstream is on the wire, so that all contenders move the same number of bytes. */
const PADDING = 'x'.repeat(330);
const SHORT_BODY = JSON.stringify({
  event: { category: 'llm', action: 'stream' },
  source: { agent_id: 'a1' },
  data: { content: 'hello' },
});
const PADDED_BODY = JSON.stringify({ content: PADDING });

const WAYS = [
  ['one at a time', 1, 100],
  ['in bursts', PUBLISHERS, 800],
] as const;

const BARS = [
  { against: 'nchan', way: 'one at a time', bar: 1.5, aim: 2 },
  { against: 'nchan', way: 'in bursts', bar: 3, aim: 4 },
  { against: 'plain @Sse', way: 'one at a time', bar: 4, aim: 6 },
] as const;

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
      const runstream = await startRunstream({ profileDir: options.profileDir });
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

async function compare(contenders: readonly Contender[], options: BenchOptions): Promise<Report> {
  const watchers = new Map<string, Child>();
  const rates = new Map<string, number[]>();
  try {
    for (const { name, stream } of contenders)
      watchers.set(name, await startWatchers(stream, options.fanOutWatchers));
    for (let n = 0; n <= options.rounds; n++) {
      for (const [way, publishers, events] of WAYS) {
        for (const place of contenders.keys()) {
          // Each takes each place in turn, so that none always has the warmer or the fuller machine.
          const contender = contenders[(place + n) % contenders.length]!;
          const frames = events * options.fanOutWatchers;
          const ms = await framesAll(watchers.get(contender.name)!, frames, {
            url: contender.publish,
            body: contender.body,
            publishers,
            events,
          });
          const rate = frames / (ms / 1000);
          // The first round warms up.
          if (n > 0)
            rates.set(`${contender.name}|${way}`, [...(rates.get(`${contender.name}|${way}`) ?? []), rate]);
        }
      }
      options.say(`round ${n} of ${options.rounds}`);
    }
  } finally {
    for (const child of watchers.values()) child.process.kill('SIGKILL');
  }
  const of = (name: string, way: string): number[] => rates.get(`${name}|${way}`) ?? [];
  const ratio = (name: string, way: string): number =>
    round(median(of(contenders[0]!.name, way).map((rate, i) => rate / of(name, way)[i]!)));
  const rows = WAYS.flatMap(([way]) =>
    contenders.map(({ name }) => ({
      server: name,
      events: way,
      ...spread(of(name, way), 'frames/s'),
      'Runstream is … times this': ratio(name, way),
    })),
  );
  const findings = BARS.filter(({ against }) => contenders.some(({ name }) => name === against)).map(
    ({ against, way, bar, aim }): Finding => ({
      measured: `${way}, against ${against}`,
      value: `${Math.round(median(of(contenders[0]!.name, way)))} frames/s`,
      compared: ratio(against, way),
      bar,
      aim,
    }),
  );
  return { rows, findings };
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
