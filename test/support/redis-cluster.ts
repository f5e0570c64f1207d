import { Redis } from 'ioredis';
import { eventually } from './eventually.js';
import { freePort, type RedisServer, startRedis } from './redis.js';

/** A node that nobody hears of for so long has failed. */
const NODE_TIMEOUT_MS = 2000;
const SLOTS = 16_384;

/** A Redis Cluster of a test's own: masters with a replica each, as processes on loopback. */
export interface RedisCluster {
  /** As REDIS_CLUSTER takes it. */
  readonly addresses: string;
  readonly nodes: readonly RedisServer[];
  /** That which serves a slot at the moment, and its replica, by what the others say. */
  ownerOf(slot: number): Promise<RedisServer>;
  /** Moves a slot with all its keys to the master of another one, as an operator would. */
  moveSlot(slot: number, toOwnerOf: number): Promise<void>;
  /** A client straight to a node. */
  client(node: RedisServer): Redis;
  stop(): Promise<void>;
}

export interface RedisClusterOptions {
  /** Default 3. */
  masters?: number;
  /** Default 1 for each master. */
  replicas?: number;
  /** More of each server's own arguments. */
  args?: string[];
  appendOnly?: boolean;
}

export async function startRedisCluster({
  masters = 3,
  replicas = 1,
  args = [],
  appendOnly = false,
}: RedisClusterOptions = {}): Promise<RedisCluster> {
  const nodes: RedisServer[] = [];
  const clients = new Map<RedisServer, Redis>();
  const stop = async (): Promise<void> => {
    for (const client of clients.values()) client.disconnect();
    await Promise.all(nodes.map((node) => node.stop()));
  };
  const client = (node: RedisServer): Redis => {
    const known =
      clients.get(node) ?? new Redis(node.url, { maxRetriesPerRequest: 0, retryStrategy: () => 100 });
    if (!clients.has(node)) known.on('error', () => undefined);
    clients.set(node, known);
    return known;
  };
  try {
    for (let n = 0; n < masters * (1 + replicas); n++) nodes.push(await startNode(args, appendOnly));
    await join(nodes, masters, client);
  } catch (error) {
    await stop();
    throw error;
  }
  const byPort = (port: number): RedisServer => {
    const found = nodes.find((node) => node.port === port);
    if (!found) throw new Error(`There is no node at port ${port}.`);
    return found;
  };
  const running = async (): Promise<Redis> => {
    for (const node of nodes) {
      const answer = await within(500, client(node).ping());
      if (answer === 'PONG') return client(node);
    }
    throw new Error('No node answers.');
  };
  const ownerOf = async (slot: number): Promise<RedisServer> => {
    const ranges = await (await running()).cluster('SLOTS');
    const range = ranges.find(([from, to]) => slot >= from && slot <= to);
    if (!range) throw new Error(`Nobody has slot ${slot}.`);
    return byPort(Number(range[2]?.[1]));
  };
  return {
    addresses: nodes.map(({ port }) => `127.0.0.1:${port}`).join(','),
    nodes,
    client,
    ownerOf,
    stop,
    async moveSlot(slot, toOwnerOf) {
      const [from, to] = await Promise.all([ownerOf(slot), ownerOf(toOwnerOf)]);
      const [source, target] = [client(from), client(to)];
      const [sourceId, targetId] = await Promise.all([source.cluster('MYID'), target.cluster('MYID')]);
      await target.cluster('SETSLOT', slot, 'IMPORTING', sourceId);
      await source.cluster('SETSLOT', slot, 'MIGRATING', targetId);
      for (;;) {
        const keys = await source.cluster('GETKEYSINSLOT', slot, 20);
        if (keys.length === 0) break;
        await source.call('MIGRATE', '127.0.0.1', to.port, '', 0, 5000, 'KEYS', ...keys);
      }
      // The one that gets it first, so that nobody is sent in a circle.
      await target.cluster('SETSLOT', slot, 'NODE', targetId);
      await source.cluster('SETSLOT', slot, 'NODE', targetId);
    },
  };
}

async function startNode(args: string[], appendOnly: boolean): Promise<RedisServer> {
  // The bus is ten thousand ports above: a free port may be too high for that.
  let port = await freePort();
  while (port > 55_000) port = await freePort();
  return startRedis({
    port,
    appendOnly,
    args: [
      ...['--cluster-enabled', 'yes', '--cluster-node-timeout', String(NODE_TIMEOUT_MS)],
      ...['--cluster-require-full-coverage', 'no', '--repl-diskless-sync-delay', '0', ...args],
    ],
  });
}

async function join(
  nodes: RedisServer[],
  masters: number,
  client: (node: RedisServer) => Redis,
): Promise<void> {
  const heads = nodes.slice(0, masters);
  for (const [n, node] of heads.entries()) {
    const [from, to] = [Math.ceil((SLOTS * n) / masters), Math.ceil((SLOTS * (n + 1)) / masters) - 1];
    await client(node).call('CLUSTER', 'ADDSLOTSRANGE', from, to);
    await client(node).call('CLUSTER', 'SET-CONFIG-EPOCH', n + 1);
  }
  const [first] = nodes;
  for (const node of nodes.slice(1)) await client(node).cluster('MEET', '127.0.0.1', first?.port ?? 0);
  const known = async (node: RedisServer): Promise<number> =>
    String(await client(node).cluster('NODES'))
      .split('\n')
      .filter((line) => line !== '' && !line.includes('handshake')).length;
  await eventually('all nodes know each other', async () => {
    const counts = await Promise.all(nodes.map(known));
    return counts.every((count) => count === nodes.length);
  });
  for (const [n, node] of nodes.slice(masters).entries()) {
    const master = heads[n % masters];
    if (master) await client(node).cluster('REPLICATE', await client(master).cluster('MYID'));
  }
  await eventually('the cluster is there, with its replicas', async () => {
    const infos = await Promise.all(nodes.map((node) => client(node).cluster('INFO')));
    const links = await Promise.all(nodes.slice(masters).map((node) => client(node).info('replication')));
    return (
      infos.every((info) => info.includes('cluster_state:ok')) &&
      links.every((info) => info.includes('master_link_status:up'))
    );
  });
}

function within<T>(ms: number, answer: Promise<T>): Promise<T | undefined> {
  return Promise.race([
    answer.catch(() => undefined),
    new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), ms)),
  ]);
}
