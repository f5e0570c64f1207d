import slotOf from 'cluster-key-slot';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../../support/eventually.js';
import type { RedisServer } from '../../../support/redis.js';
import type { RedisBed } from '../../../support/redis-bed.js';
import { SENTINEL_NAME } from '../../../support/redis-sentinels.js';
import type { Scenario, Struck } from '../scenario.js';
import { RUNS } from '../stage.js';

const REPLICATED = ['sentinel', 'cluster'] as const;
const LONG_MS = 10_000;
/** Acknowledgements that were on their way when a master went; the next one is elected later than that. */
const ON_THE_WAY_MS = 1000;
/** Longer than a planned switch takes. */
const PAUSE_MS = 10_000;

/** SIGKILL of the master that has the runs; its process comes back as a replica. */
const killed: Scenario = {
  name: 'shard-killed',
  on: REPLICATED,
  bars: { appendsSeconds: 2, framesSeconds: 1 },
  keepsData: false,
  strike: async ({ bed }, faultMs = LONG_MS) => {
    const master = await bed.masterOf(RUNS);
    await master.kill();
    const [at, servedAt] = [Date.now(), await untilAnotherServes(bed, master)];
    await delay(Math.max(0, at + faultMs - Date.now()));
    await master.restart();
    await untilReplica(bed, master);
    return { lossUntil: at + ON_THE_WAY_MS, servedAt };
  },
};

/** SIGSTOP of the master that has the runs: its connections stay open, and it wakes up replaced. */
const frozen: Scenario = {
  name: 'shard-frozen',
  on: REPLICATED,
  bars: { appendsSeconds: 1.5, framesSeconds: 1 },
  keepsData: false,
  strike: async ({ bed }, faultMs = LONG_MS) => {
    const master = await bed.masterOf(RUNS);
    master.pause();
    const [at, servedAt] = [Date.now(), await untilAnotherServes(bed, master)];
    await delay(Math.max(0, at + faultMs - Date.now()));
    master.resume();
    await untilReplica(bed, master);
    // What it was sent while it was frozen it does when it wakes up, and forgets.
    return { lossUntil: Date.now(), servedAt };
  },
};

/** As an operator takes a master out of service, without a loss. */
const planned: Scenario = {
  name: 'failover-planned',
  on: REPLICATED,
  strike: async ({ bed }) => {
    const master = await bed.masterOf(RUNS);
    const servedAt = bed.cluster ? await switchCluster(bed, master) : await switchSentinels(bed, master);
    await untilReplica(bed, master);
    return { servedAt };
  },
};

/** The slot of all runs moves to another master and back, again and again. */
const moved: Scenario = {
  name: 'slot-moved',
  on: ['cluster'],
  strike: async ({ bed }, faultMs = LONG_MS): Promise<Struck> => {
    const { cluster } = bed;
    if (!cluster) throw new Error('There are no slots without a cluster.');
    const slot = slotOf(RUNS);
    const here = await cluster.ownerOf(slot);
    // A slot that stays names each of the two masters between which this one moves.
    const homes = [0, slot - 1];
    const away = await cluster.ownerOf(0);
    if (away === here) throw new Error('Slot 0 lies with the runs: no other master to move them to.');
    const until = Date.now() + faultMs;
    let moves = 0;
    let longestMs = 0;
    while (Date.now() < until || moves % 2 === 1) {
      const began = Date.now();
      await cluster.moveSlot(slot, homes[moves++ % 2] ?? 0);
      longestMs = Math.max(longestMs, Date.now() - began);
      await delay(100);
    }
    return { servedAt: Date.now(), note: `${moves} moves, the longest took ${longestMs} ms` };
  },
};

async function switchCluster(bed: RedisBed, master: RedisServer): Promise<number> {
  const replica = await replicaOf(bed, master);
  await bed.at(replica).cluster('FAILOVER');
  return untilAnotherServes(bed, master);
}

/**
 * The former master acknowledges nothing from before the switch on. Its own FAILOVER would lose nothing either, but for
 * some twenty seconds the Sentinels would still name it.
 */
async function switchSentinels(bed: RedisBed, master: RedisServer): Promise<number> {
  await bed.at(master).call('CLIENT', 'PAUSE', PAUSE_MS, 'WRITE');
  await bed.sentinels?.sentinel.call('SENTINEL', 'FAILOVER', SENTINEL_NAME);
  const servedAt = await untilAnotherServes(bed, master);
  await untilReplica(bed, master);
  await bed.at(master).call('CLIENT', 'UNPAUSE');
  return servedAt;
}

async function replicaOf(bed: RedisBed, master: RedisServer): Promise<RedisServer> {
  for (const server of bed.servers) {
    const [role, , port] = await bed.at(server).role();
    if (role === 'slave' && port === master.port) return server;
  }
  throw new Error(`The master at port ${master.port} has no replica.`);
}

/** When another server was the master, in ms since the epoch. */
async function untilAnotherServes(bed: RedisBed, former: RedisServer): Promise<number> {
  await eventually('another server has taken its place', async () => {
    const now = await bed.masterOf(RUNS).catch(() => former);
    return now !== former;
  });
  return Date.now();
}

async function untilReplica(bed: RedisBed, server: RedisServer): Promise<void> {
  await eventually('it has become a replica', async () => {
    const info = await bed
      .at(server)
      .info('replication')
      .catch(() => '');
    return info.includes('role:slave') && info.includes('master_link_status:up');
  });
}

export const SHARD_SCENARIOS: readonly Scenario[] = [killed, frozen, planned, moved];
