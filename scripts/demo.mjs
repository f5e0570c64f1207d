/**
 * `npm run demo`: the main job, shown on a running service. An agent appends a run's events; one watcher is cut in
 * the middle and comes back, another joins late; at the end both must hold what the log holds.
 */
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual, parseArgs, parseEnv } from 'node:util';
import { agentAtWork } from './demo/agent.mjs';
import { DemoError, Service } from './demo/service.mjs';
import { Watcher } from './demo/watcher.mjs';

const LONGEST_MS = 30_000;
const CUT_AFTER = 9;
const CUT_FOR_MS = 1200;
const JOIN_AT = 16;
const PAGE_SIZE = 10;

const COLUMN = 38;
const USAGE = `Shows a run with two watchers on a running service.

  npm run demo -- [--url http://127.0.0.1:3000] [--header 'Name: value']

It needs a service that answers: that of npm start. Where it is: --url, else PORT, of the environment or of .env.
Credentials or a tenant, where they are asked for, are --header, which may be repeated. It makes one run; when it
does not come to its end, it deletes it.
`;

/** Ends the run that there is, if the demo does not come to its own end. */
async function demo(baseUrl, headers, interrupted) {
  const deadline = AbortSignal.any([AbortSignal.timeout(LONGEST_MS), interrupted]);
  const service = new Service(baseUrl, headers, deadline);
  await service.ensureRunning();
  const run = await service.createRun('Review the change');
  try {
    return await show(service, run, deadline);
  } catch (error) {
    await service.deleteRun(run);
    throw error;
  }
}

async function show(service, run, deadline) {
  say(`Run ${run.id}, on ${service.baseUrl}. Each line below is an event on its way to a watcher.\n`);
  say(`${'watcher 1'.padEnd(COLUMN)}watcher 2`);

  const stream = service.baseUrl + run.links.stream;
  let secondDone;
  const second = new Watcher('watcher 2', stream, service.headers, (event) =>
    say(`${' '.repeat(COLUMN)}${oneLine(event)}`),
  );
  const first = new Watcher('watcher 1', stream, service.headers, (event, watcher) => {
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

/** As `npm start` takes it: only this one is looked at. */
function ownPort() {
  if (process.env.PORT) return process.env.PORT;
  try {
    return parseEnv(readFileSync(new URL('../.env', import.meta.url), 'utf8')).PORT;
  } catch {
    return undefined; // there need not be one
  }
}

function readHeader(text) {
  const colon = text.indexOf(':');
  if (colon < 1) throw new DemoError(`--header is 'Name: value', not "${text}"`);
  return [text.slice(0, colon).trim(), text.slice(colon + 1).trim()];
}

async function main(interrupted) {
  const { values } = parseArgs({
    options: {
      url: { type: 'string' },
      header: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    say(USAGE);
    return 0;
  }
  const url = values.url ?? process.env.BASE_URL ?? `http://127.0.0.1:${ownPort() || 3000}`;
  const headers = Object.fromEntries(values.header.map(readHeader));
  return (await demo(url, headers, interrupted)) ? 0 : 1;
}

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort(new DemoError('Stopped.')));
try {
  process.exitCode = await main(interrupted.signal);
} catch (error) {
  // Only the time limit and Ctrl-C abort anything that is not caught on the way.
  const late = ['AbortError', 'TimeoutError'].includes(error.name);
  const known = error instanceof DemoError || String(error.code).startsWith('ERR_PARSE_ARGS');
  if (!late && !known) throw error;
  const reason = late ? `The demo did not end within ${LONGEST_MS / 1000} seconds.` : error.message;
  process.stderr.write(`demo: ${reason}\n`);
  process.exit(interrupted.signal.aborted ? 130 : 1);
}
