import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, BenchOptions, Finding, Row } from './bench.js';
import { Latencies, round } from './support/latencies.js';
import { Load } from './support/load.js';
import { pace } from './support/pace.js';
import { type Server, startBare, startRunstream } from './support/server.js';

/** How long the last frames may take before they count as lost. */
const LAST_FRAMES_MS = 10_000;

/** Events per second in all. */
const RATE = 1000;

const TEXT = 'The quick brown fox jumps over the lazy dog, and is gone before anybody has seen it.';

type Way = 'single POSTs' | 'NDJSON uploads';

/** Where one of the runs is appended to and watched. */
interface Place {
  append: string;
  stream: string;
}

export const appendToFrame: Bench = {
  name: 'append-to-frame',
  measures:
    'from just before an append is sent until its frame has arrived at the watcher; one watcher on each run, ' +
    'and the load spread evenly over the runs.',
  run: async (options) => {
    const rows: Row[] = [];
    // In the same minute on the same machine: what part of each number is HTTP itself, and this load.
    options.say('a bare node:http server first, for comparison…');
    await using(startBare(), async (server) => {
      const places = numbers(options.watchers).map((n) => ({
        append: `${server.url}/${n}`,
        stream: `${server.url}/${n}`,
      }));
      rows.push(await measure('bare node:http', 'single POSTs', server, places, options));
      rows.push(await measure('bare node:http', 'NDJSON uploads', server, places, options));
    });
    options.say('Runstream on a Redis of its own…');
    await using(startRunstream({ profileDir: options.profileDir }), async (server) => {
      for (const way of ['single POSTs', 'NDJSON uploads'] as const) {
        const places = await createRuns(server, options.watchers);
        rows.push(await measure('Runstream', way, server, places, options));
      }
    });
    return { rows, findings: findings(rows) };
  },
};

function findings(rows: readonly Row[]): Finding[] {
  const p99Of = (server: string): number => {
    const row = rows.find((one) => one['server'] === server && one['appended by'] === 'single POSTs');
    return Number(row?.['p99 ms']);
  };
  const p99 = p99Of('Runstream');
  const bare = p99Of('bare node:http');
  return [
    {
      measured: `single POSTs: p99, against bare node:http (${bare} ms)`,
      value: `${p99} ms`,
      compared: round(p99 / bare),
      bar: 8,
      aim: 4,
      atMost: true,
    },
  ];
}

async function measure(
  name: string,
  way: Way,
  server: Server,
  places: readonly Place[],
  { rate = RATE, seconds, warmUpSeconds, say }: BenchOptions,
): Promise<Row> {
  const load = new Load();
  const sentAt: number[] = [];
  let latencies = new Latencies();
  let arrived = 0;
  try {
    await Promise.all(
      places.map(({ stream }) =>
        load.watch(stream, (frame) => {
          const n = /"data":\{"n":(\d+)/.exec(frame)?.[1];
          if (n === undefined) return; // lifecycle.started, a heartbeat
          latencies.add(performance.now() - sentAt[Number(n)]!);
          arrived += 1;
        }),
      ),
    );
    const uploads = way === 'single POSTs' ? undefined : places.map(({ append }) => load.upload(append));
    const send = (): void => {
      const n = sentAt.length;
      const i = n % places.length;
      const body = `{"event":{"category":"llm","action":"stream"},"source":{"agent_id":"a1"},"data":{"n":${n},"content":"${TEXT}"}}`;
      sentAt.push(performance.now());
      if (uploads) uploads[i]!.write(`${body}\n`);
      else load.fire(places[i]!.append, body);
    };
    const settled = async (): Promise<void> => {
      const deadline = performance.now() + LAST_FRAMES_MS;
      while (arrived < sentAt.length && performance.now() < deadline) await delay(5);
      load.check();
      if (arrived !== sentAt.length)
        throw new Error(`${name}, ${way}: ${arrived} frames for ${sentAt.length} events.`);
    };

    say(`${name}, ${way}: warming up, then ${seconds} s…`);
    await pace(rate, warmUpSeconds, send);
    await settled();
    latencies = new Latencies();
    const ownDelay = monitorEventLoopDelay({ resolution: 1 });
    const cpuBefore = await server.cpuSeconds();
    ownDelay.enable();
    const paced = await pace(rate, seconds, send);
    ownDelay.disable();
    const cpuAfter = await server.cpuSeconds();
    await settled();
    for (const upload of uploads ?? []) upload.end();
    return {
      server: name,
      'appended by': way,
      events: latencies.count,
      'events/s': Math.round(paced.sent / paced.seconds),
      ...latencies.summary(),
      'server CPU %':
        cpuBefore === undefined || cpuAfter === undefined
          ? '?'
          : Math.round(((cpuAfter - cpuBefore) / paced.seconds) * 100),
      "load's own delay p99 ms": round(ownDelay.percentile(99) / 1e6),
    };
  } finally {
    load.close();
  }
}

async function createRuns(server: Server, count: number): Promise<Place[]> {
  const load = new Load();
  try {
    const answers = await Promise.all(
      numbers(count).map((n) => load.post(`${server.url}/runs`, JSON.stringify({ task: `bench ${n}` }))),
    );
    return answers.map((answer) => {
      const { links } = JSON.parse(answer) as { links: { events: string; stream: string } };
      return { append: server.url + links.events, stream: server.url + links.stream };
    });
  } finally {
    load.close();
  }
}

async function using(starting: Promise<Server>, work: (server: Server) => Promise<void>): Promise<void> {
  const server = await starting;
  try {
    await work(server);
  } finally {
    await server.stop();
  }
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
