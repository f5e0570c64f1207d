import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Child, startChild } from '../../test/support/child.js';
import { startRedis } from '../../test/support/redis.js';

const BUILT_SERVICE = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const BARE_SERVER = fileURLToPath(new URL('./bare-server.ts', import.meta.url));

const PLAIN_SSE = fileURLToPath(new URL('../fan-out/plain-sse.ts', import.meta.url));

/** A server under load, as a process of its own. */
export interface Server {
  readonly url: string;
  /** Processor time that it has used so far, in seconds. Known on Linux only. */
  cpuSeconds(): Promise<number | undefined>;
  stop(): Promise<void>;
  readonly child: Child;
}

export interface RunstreamServer extends Server {
  /** The Redis that it alone works on. */
  readonly redisUrl: string;
}

export interface StartServerOptions {
  /** Where a CPU profile of it goes when it stops. Default: none is taken. */
  profileDir?: string | undefined;
  /** More of Node's own arguments. */
  nodeArgs?: readonly string[];
  /** What a script is told. */
  args?: readonly string[];
  /** More of the service's settings. */
  env?: Readonly<Record<string, string>>;
  /** More of the arguments of its Redis. */
  redisArgs?: readonly string[];
}

/** The built service on a Redis of its own, which keeps an append-only file as it would in use. */
export async function startRunstream({
  profileDir,
  nodeArgs = [],
  env = {},
  redisArgs = [],
}: StartServerOptions = {}): Promise<RunstreamServer> {
  // A rewrite of the file would fall into the time of one contender and not of another.
  const args = ['--auto-aof-rewrite-percentage', '0', ...redisArgs];
  const redis = await startRedis({ appendOnly: true, appendFsync: 'everysec', args });
  const settings = {
    PATH: process.env['PATH'],
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: '0',
    REDIS_URL: redis.url,
    // No heartbeats among the frames that are counted.
    SSE_HEARTBEAT_MS: '600000',
    ...env,
  };
  const child = startChild(process.execPath, [...profiling(profileDir), ...nodeArgs, BUILT_SERVICE], {
    env: settings,
  });
  try {
    return { ...server(child, await address(child), () => redis.stop()), redisUrl: redis.url };
  } catch (error) {
    await redis.stop();
    throw error;
  }
}

/** What NestJS gives by itself. */
export async function startPlainSse(): Promise<Server> {
  return startScriptServer(PLAIN_SSE);
}

/** What is left when there is no store, no validation and no framework: one hop through node:http. */
export async function startBare(options: StartServerOptions = {}): Promise<Server> {
  return startScriptServer(BARE_SERVER, options);
}

/** A script that prints `Serving on <url>`. */
export async function startScriptServer(
  file: string,
  { profileDir, nodeArgs = [], args = [] }: StartServerOptions = {},
): Promise<Server> {
  const loader = ['--import', '@swc-node/register/esm-register'];
  const child = startChild(process.execPath, [
    ...profiling(profileDir),
    ...loader,
    ...nodeArgs,
    file,
    ...args,
  ]);
  return server(child, await address(child), async () => undefined);
}

function profiling(dir: string | undefined): string[] {
  return dir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${dir}`];
}

async function address(child: Child): Promise<string> {
  const line = await child.line(/Serving on http/);
  const url = /http:\/\/[^\s:]+:\d+/.exec(line)?.[0];
  if (url === undefined) throw new Error(`There is no address in "${line}".`);
  return url;
}

function server(child: Child, url: string, afterwards: () => Promise<void>): Server {
  return {
    url,
    child,
    cpuSeconds: () => cpuSeconds(child.pid),
    stop: async () => {
      child.process.kill('SIGTERM');
      await child.exit();
      await afterwards();
    },
  };
}

const CLOCK_TICKS_PER_SECOND = 100;

async function cpuSeconds(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The name, in brackets, may hold blanks; utime and stime are the 12th and 13th field after it.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields && (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
}
