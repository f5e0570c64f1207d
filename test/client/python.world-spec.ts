import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { TestKeys } from '../access/keys.js';
import { firstLineOf } from '../clients/streams/programs.js';
import { OpenApiDocument } from '../support/openapi.js';
import { report } from '../support/report-line.js';
import { SeededRandom, seedFromEnvironment } from '../support/seeded-random.js';
import type { Serving } from '../support/service.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { TestBed } from '../support/test-bed.js';
import { startLiar } from './lies-for-python.js';

const STREAM_CUTS = 50;
const UPLOAD_CUTS = 40;
const SPREAD_CUTS = 20;
const MIN_MINOR = 11;
/** For load balancers and Prometheus, and for the service's own page. */
const LEFT_OUT = [
  'GET /health/live',
  'GET /health/ready',
  'GET /metrics',
  'POST /session',
  'DELETE /session',
];

const version = firstLineOf('python3', ['--version']);
const isThere = Number(/^Python 3\.(\d+)/.exec(version ?? '')?.[1]) >= MIN_MINOR;
if (!isThere)
  report(`There is no Python 3.${MIN_MINOR} here (python3: ${version ?? 'none'}): its client is left out.`);
const canCertify = firstLineOf('openssl', ['version']) !== undefined;
if (isThere && !canCertify)
  report('There is no openssl here, which makes a certificate: Python over HTTPS is left out.');

const bed = new TestBed();
let watched: TcpProxy;
let guarded: Serving;
const cuts = { streams: 0, uploads: 0, spread: 0 };
const addresses: Record<string, string> = {};

async function proxy(
  service: Serving,
  ...nextCut: Parameters<typeof startTcpProxy> extends [unknown, ...infer Rest] ? Rest : never
): Promise<TcpProxy> {
  const started = await startTcpProxy(portOf(service), ...nextCut);
  bed.onClose(() => started.close());
  return started;
}

const portOf = ({ url }: Serving): number => Number(new URL(url).port);
const urlOf = ({ port }: TcpProxy): string => `http://127.0.0.1:${port}`;

/** TLS in front of a service, under a prefix, with a certificate that only its owner trusts. */
async function serveHttps(service: Serving, folder: string): Promise<string> {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', '-x509', ...made, ...subject, '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  });
  const server = createServer({ key: await readFile(key), cert: await readFile(cert) }, (asked, answer) => {
    const { method, headers, url = '' } = asked;
    const inner = request(
      `${service.url}${url.replace(/^\/pre\/fix/, '')}`,
      { method, headers },
      (response) => {
        answer.writeHead(response.statusCode ?? 0, response.headers);
        pipeline(response, answer, () => undefined);
      },
    );
    pipeline(asked, inner, () => undefined);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  bed.onClose(async () => {
    server.closeAllConnections();
    server.close();
  });
  Object.assign(addresses, { CERTIFICATE: cert, CERTIFICATE_KEY: key });
  return `https://localhost:${(server.address() as AddressInfo).port}/pre/fix/`;
}

beforeAll(async () => {
  if (!isThere) return;
  const random = new SeededRandom(seedFromEnvironment());
  report(`${version}: SEED=${random.seed}`);
  const service = await bed.serveHere({ SSE_RETRY_MS: '1', EVENT_MAX_LENGTH: '6000' });
  const trimming = await bed.serveHere({ EVENT_MAX_LENGTH: '100' });
  const beating = await bed.serveHere({ SSE_RETRY_MS: '1', SSE_HEARTBEAT_MS: '100' });
  guarded = await bed.serveHere({ AUTH_MODE: 'api-key', SSE_RETRY_MS: '1' });
  const { url: ownRedis } = await bed.startRedis();
  const spread = await bed.serveHere({ SSE_RETRY_MS: '1', PARTITIONS: '4', REDIS_URL: ownRedis });
  const keys = await TestKeys.open();
  bed.onClose(() => keys.close());
  const folder = await mkdtemp(join(tmpdir(), 'runstream-python-'));
  bed.onClose(() => rm(folder, { recursive: true }));

  const streams = await proxy(service, () =>
    cuts.streams < STREAM_CUTS
      ? { afterBytes: random.integer(1, 12_000), onCut: () => cuts.streams++, reset: random.next() < 0.5 }
      : undefined,
  );
  const cutSpread = await proxy(spread, () =>
    cuts.spread < SPREAD_CUTS
      ? { afterBytes: random.integer(500, 20_000), onCut: () => cuts.spread++, reset: random.next() < 0.5 }
      : undefined,
  );
  // Half of them in an answer, after so many bytes, of which one has some 800; the others wherever a request is.
  const uploads = await proxy(service, () => {
    if (cuts.uploads >= UPLOAD_CUTS) return undefined;
    if (random.next() < 0.5) return { afterBytes: random.integer(1, 2000), onCut: () => cuts.uploads++ };
    setTimeout(() => (cuts.uploads += uploads.cut()), random.integer(0, 20));
    return undefined;
  });
  const halfOpen = await proxy(beating);
  watched = await proxy(guarded);
  const liar = await startLiar({
    'half-open': () => {
      halfOpen.halfOpen('to-client');
    },
    whole: () => {
      halfOpen.halfOpen(false);
    },
  });
  bed.onClose(() => liar.close());
  if (canCertify) addresses['HTTPS_URL'] = await serveHttps(service, folder);
  Object.assign(addresses, {
    URL: service.url,
    CUT_STREAMS_URL: urlOf(streams),
    SPREAD_URL: spread.url,
    CUT_SPREAD_URL: urlOf(cutSpread),
    CUT_UPLOADS_URL: urlOf(uploads),
    HALF_OPEN_URL: urlOf(halfOpen),
    TRIMMING_URL: trimming.url,
    GUARDED_URL: guarded.url,
    WATCHED_URL: `${urlOf(watched)}/`,
    LIAR_URL: liar.url,
    KEY: (await keys.create('default')).secret,
  });
});
afterAll(() => bed.close());

/** @returns what it printed: the names of its tests, and what went wrong */
function runTests(file: string): Promise<string> {
  const env = Object.fromEntries(Object.entries(addresses).map(([name, url]) => [`RUNSTREAM_${name}`, url]));
  return new Promise((resolve, reject) => {
    execFile(
      'python3',
      ['-m', 'unittest', '-v', `tests.${file}`],
      { cwd: 'clients/python', env: { ...process.env, ...env, PYTHONDONTWRITEBYTECODE: '1' } },
      (error, _, printed) => {
        if (error) reject(new Error(printed));
        else resolve(printed);
      },
    );
  });
}

(isThere ? describe : describe.skip)('The Python client', () => {
  it.each(['test_follow', 'test_append', 'test_lies', 'test_connections', 'test_calls', 'test_worker'])(
    'passes %s',
    async (file) => {
      const printed = await runTests(file);
      // Of a socket that was not closed, or a thread that failed.
      expect(printed).not.toMatch(canCertify ? /Warning|Exception|skipped/ : /Warning|Exception/);
      report(`${file}: ${/Ran \d+ tests in \S+/.exec(printed)?.[0]}`);
    },
  );

  it('was cut as often as was meant', () => {
    report(`python: ${cuts.streams} cuts of streams, ${cuts.uploads} of uploads`);
    expect(cuts.streams).toBe(STREAM_CUTS);
    expect(cuts.uploads).toBeGreaterThan(UPLOAD_CUTS / 2);
  });

  it('has a call for all that the service has', async () => {
    const requests = watched.takeSent().matchAll(/([A-Z]+) (\/[^ ?]*)\S* HTTP\/1\.1\r$/gm);
    const asked = [...requests].map(([, method, path]) => `${method} ${path}`);
    const { operations } = await OpenApiDocument.of(guarded.url);
    const unasked = [...operations.keys()].filter((name) => {
      const pattern = new RegExp(`^${name.replaceAll(/\{\w+\}/g, '[^/]+')}$`);
      return !asked.some((one) => pattern.test(one));
    });
    expect(unasked.sort()).toEqual([...LEFT_OUT].sort());
  });
});
