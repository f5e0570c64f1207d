/**
 * `npm run demo`: the main job, shown on a running service. An agent appends a run's events; one watcher is cut in
 * the middle and comes back, another joins late; at the end both must hold what the log holds.
 */
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { agentAtWork } from './demo/agent.mjs';
import { DemoError, Service } from './demo/service.mjs';
import { Watcher } from './demo/watcher.mjs';

const LONGEST_MS = 30_000;
const CUT_AFTER = 9;
const CUT_FOR_MS = 1200;
const JOIN_AT = 16;
const PAGE_SIZE = 10;

const COLUMN = 38;

async function demo(baseUrl) {
  const deadline = AbortSignal.timeout(LONGEST_MS);
  const service = new Service(baseUrl, deadline);
  await service.ensureRunning();

  const run = await service.createRun('Review the change');
  say(`Run ${run.id}, on ${service.baseUrl}. Each line below is an event on its way to a watcher.\n`);
  say(`${'watcher 1'.padEnd(COLUMN)}watcher 2`);

  const stream = service.baseUrl + run.links.stream;
  let secondDone;
  const second = new Watcher('watcher 2', stream, (event) => say(`${' '.repeat(COLUMN)}${oneLine(event)}`));
  const first = new Watcher('watcher 1', stream, (event, watcher) => {
    say(oneLine(event));
    if (event.sequence === CUT_AFTER && watcher.cuts === 0) {
      say(`-- cut for ${CUT_FOR_MS / 1000} s, while the agent goes on; back with Last-Event-ID ${event.id}`);
      watcher.cut(CUT_FOR_MS);
    }
    if (event.sequence >= JOIN_AT && !secondDone) {
      say(`${' '.repeat(COLUMN)}-- joins only now, and is given it all`);
      secondDone = second.watch(deadline);
      secondDone.catch(() => undefined); // it is awaited below, after the others
    }
  });

  await Promise.all([first.watch(deadline), service.appendLines(run, agentAtWork(deadline))]);
  await (secondDone ?? second.watch(deadline));

  const history = await service.history(run, PAGE_SIZE);
  say(`\nThe history, read in pages of ${PAGE_SIZE}, holds ${history.length} events.`);
  const verdicts = [
    verdict('watcher 1 (cut once)', first.events, history),
    verdict('watcher 2 (joined late)', second.events, history),
  ];
  for (const { text } of verdicts) say(text);
  if (first.cuts === 0) throw new DemoError('Watcher 1 was never cut: the run ended too early.');
  say(`\nWatch it again: curl -sN ${stream}`);
  return verdicts.every(({ good }) => good);
}

function verdict(name, seen, history) {
  const wrong = history.findIndex(
    (event, i) => event.sequence !== i + 1 || !isDeepStrictEqual(seen[i], event),
  );
  const good = history.length > 0 && wrong === -1 && seen.length === history.length;
  const text = good
    ? `${name}: 1…${history.length} exactly once, in order, equal to the history`
    : `${name}: DIFFERS: ${seen.length} events, and not the history from position ${wrong + 1} on`;
  return { good, text };
}

function oneLine({ sequence, event, data }) {
  const value = Object.values(data)[0] ?? '';
  const said = typeof value === 'string' ? value : JSON.stringify(value);
  const text = `${String(sequence).padStart(3)} ${event.category}.${event.action} ${said}`;
  return text.length > COLUMN - 2 ? `${text.slice(0, COLUMN - 3)}…` : text;
}

function say(line) {
  process.stdout.write(`${line}\n`);
}

try {
  const { values } = parseArgs({ options: { url: { type: 'string' } } });
  const good = await demo(values.url ?? process.env.BASE_URL ?? 'http://127.0.0.1:3000');
  process.exitCode = good ? 0 : 1;
} catch (error) {
  // Only the time limit aborts anything that is not caught on the way.
  const late = ['AbortError', 'TimeoutError'].includes(error.name);
  const known = error instanceof DemoError || String(error.code).startsWith('ERR_PARSE_ARGS');
  if (!late && !known) throw error;
  const reason = late ? `The demo did not end within ${LONGEST_MS / 1000} seconds.` : error.message;
  process.stderr.write(`demo: ${reason}\n`);
  process.exit(1);
}
