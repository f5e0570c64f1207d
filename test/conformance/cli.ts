import { parseArgs } from 'node:util';
import { setMaxListeners } from 'node:events';
import { Client } from './client.js';
import { reportOf } from './report.js';
import type { CheckResult, ConformanceOptions } from './runner.js';
import { runConformance, sections } from './suite.js';

const USAGE = `Checks a server against the Runstream protocol, from outside.

It needs a server that answers, and one tenant of it: where credentials or a tenant are asked for, give them with
--header; with API keys that is one with the scopes runs:read, runs:write and consumers:admin. It makes some hundred
runs and deletes them at its end, also when a check fails or Ctrl-C stops it. A tenant in which others work at the
same time may fail checks of its journal.

  npm run conformance -- --url http://127.0.0.1:3000 [options]

  --url <url>               where the server answers
  --header 'Name: value'    sent with every request; may be repeated ('Authorization: Bearer rs_…', 'X-Tenant-ID: acme')
  --only <text>             only checks whose section or name contains this
  --concurrency <n>         checks side by side (6)
  --heartbeat-ms <n>        the server's SSE_HEARTBEAT_MS (15000)
  --event-max-length <n>    the server's EVENT_MAX_LENGTH: with at most 1000, trimmed logs are checked too
  --event-ttl-seconds <n>   the server's EVENT_TTL_SECONDS: with at most 10, expired runs are checked too
  --max-request-bytes <n>   the server's MAX_REQUEST_BYTES (8388608)
  --check-timeout-ms <n>    longest time of one check (30000)
  --json                    print each result as a line of JSON, as it comes, and no report
  --list                    print the checks and run none`;

class UsageError extends Error {}

type Command =
  { kind: 'help' } | { kind: 'list' } | { kind: 'run'; options: ConformanceOptions; json: boolean };

function readCommand(argv: string[]): Command {
  const { values } = parseArgs({
    args: argv,
    options: {
      url: { type: 'string' },
      header: { type: 'string', multiple: true },
      only: { type: 'string' },
      concurrency: { type: 'string' },
      'heartbeat-ms': { type: 'string' },
      'event-max-length': { type: 'string' },
      'event-ttl-seconds': { type: 'string' },
      'max-request-bytes': { type: 'string' },
      'check-timeout-ms': { type: 'string' },
      json: { type: 'boolean' },
      list: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return { kind: 'help' };
  if (values.list) return { kind: 'list' };
  if (!values.url || !/^https?:/.test(values.url) || !URL.canParse(values.url)) {
    throw new UsageError('Say where the server answers: --url http://127.0.0.1:3000');
  }
  const options: ConformanceOptions = {
    url: values.url,
    headers: Object.fromEntries((values.header ?? []).map(readHeader)),
    only: values.only,
    concurrency: readCount('concurrency', values.concurrency),
    heartbeatMs: readCount('heartbeat-ms', values['heartbeat-ms']),
    eventMaxLength: readCount('event-max-length', values['event-max-length']),
    eventTtlSeconds: readCount('event-ttl-seconds', values['event-ttl-seconds']),
    maxRequestBytes: readCount('max-request-bytes', values['max-request-bytes']),
    checkTimeoutMs: readCount('check-timeout-ms', values['check-timeout-ms']),
  };
  return { kind: 'run', options, json: values.json === true };
}

function readCount(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9][0-9]*$/.test(text)) throw new UsageError(`--${name} is a whole number above 0, not "${text}"`);
  return Number(text);
}

function readHeader(text: string): [string, string] {
  const colon = text.indexOf(':');
  if (colon < 1) throw new UsageError(`--header is 'Name: value', not "${text}"`);
  return [text.slice(0, colon).trim(), text.slice(colon + 1).trim()];
}

/** Fails with one sentence instead of a hundred failed checks when nothing answers at all, or nobody is let in. */
async function assertReachable(options: ConformanceOptions): Promise<void> {
  const reply = await new Client(options, AbortSignal.timeout(10_000))
    .get('/runs', { limit: 1 })
    .catch((error: unknown) => {
      const why = error instanceof Error ? error.message || error.name : String(error);
      throw new UsageError(
        `Nothing answers at ${options.url} (${why}). Start the service with npm start, or give its --url.`,
      );
    });
  const type = String(reply.headers['content-type']);
  if (!type.startsWith('application/json')) {
    throw new UsageError(
      `What answers at ${options.url} is no Runstream server: GET /runs is ${type}. Give its --url.`,
    );
  }
  if (reply.status >= 400 && reply.status < 500) {
    const { code, message } = reply.json<{ code?: string; message?: string }>();
    const wanted = reply.status === 400 ? 'X-Tenant-ID: acme' : 'Authorization: Bearer rs_…';
    throw new UsageError(
      `GET /runs is refused: ${code}: ${message}\nGive what it asks for, like --header '${wanted}'.`,
    );
  }
}

async function main(argv: string[]): Promise<number> {
  const command = readCommand(argv);
  if (command.kind === 'help') {
    console.log(USAGE);
    return 0;
  }
  if (command.kind === 'list') {
    for (const { title, checks } of sections) {
      console.log([title, ...checks.map(({ name }) => `  ${name}`)].join('\n'));
    }
    return 0;
  }
  const { options, json } = command;
  await assertReachable(options);
  if (!json) console.log(`Checking ${options.url} …`);
  const stop = stopped();
  const results = await runConformance({
    ...options,
    signal: stop,
    ...(json && { onResult: (result: CheckResult) => console.log(JSON.stringify(result)) }),
    onCleaned: ({ deleted, left }) => {
      if (left.length > 0) console.error(`These runs could not be deleted: ${left.join(' ')}`);
      else if (!json) console.log(`Its ${deleted} runs are deleted.`);
    },
  });
  if (stop.aborted) {
    console.error('Stopped.');
    return 130;
  }
  if (results.length === 0)
    throw new UsageError(`No check's name contains "${options.only ?? ''}": see --list`);
  if (!json) console.log(reportOf(results));
  return results.some(({ outcome }) => outcome === 'failed') ? 1 : 0;
}

/** npm passes a Ctrl-C on that the terminal has sent already. */
const SAME_SIGNAL_MS = 1000;

/** Ctrl-C and SIGTERM: what was made is deleted first. The second one waits for nothing. */
function stopped(): AbortSignal {
  const controller = new AbortController();
  let firstAt = 0;
  setMaxListeners(0, controller.signal);
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) {
        if (Date.now() - firstAt > SAME_SIGNAL_MS) process.exit(130);
        return;
      }
      firstAt = Date.now();
      console.error('Deleting what was made …');
      controller.abort();
    });
  }
  return controller.signal;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const badArguments = error instanceof TypeError && 'code' in error;
  if (!(error instanceof UsageError || badArguments)) throw error;
  console.error(`${error.message}\n`);
  process.exitCode = 2;
}
