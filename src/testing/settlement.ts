import type { EventStore } from '../event-store/index.js';
import { compareEventIds, parseEventId } from '../events/index.js';
import { redisCall, type RedisConnections } from '../redis/index.js';

/** How one group stands: what keeps it from being settled. */
export interface Unsettled {
  group: string;
  /** Whether it was made; a consumer that has only begun makes it soon. */
  exists: boolean;
  /** Given out, without an outcome; those that wait for another try included. */
  pending: number;
  /** Whether there are events that it was not given yet. */
  isBehind: boolean;
}

/**
 * Which groups of a tenant have something left to do. All of a partition is read in one step: between two steps an
 * acknowledgement could add a new event, and each would show nothing. No handler adds anything to another partition.
 */
export async function unsettledGroups(
  redis: RedisConnections,
  store: EventStore,
  tenantId: string,
  groups: readonly string[],
): Promise<Unsettled[]> {
  const inEach = await Promise.all(
    store.partitions.of(tenantId).map((number) => unsettledIn(redis, store, tenantId, number, groups)),
  );
  return groups.flatMap((group) => {
    const found = inEach.flatMap((unsettled) => unsettled.find((one) => one.group === group) ?? []);
    if (found.length === 0) return [];
    return [
      {
        group,
        exists: found.every(({ exists }) => exists),
        pending: found.reduce((sum, { pending }) => sum + pending, 0),
        isBehind: found.some(({ isBehind }) => isBehind),
      },
    ];
  });
}

async function unsettledIn(
  redis: RedisConnections,
  store: EventStore,
  tenantId: string,
  number: number,
  groups: readonly string[],
): Promise<Unsettled[]> {
  const { journal } = store.keys.partition(tenantId, number);
  const keys = groups.map((group) => store.keys.group(tenantId, number, group));
  const redrives = keys.map(({ redrive }) => redrive);
  const transaction = redis.commands.multi();
  for (const stream of [journal, ...redrives]) {
    transaction.xrevrange(stream, '+', '-', 'COUNT', 1);
    transaction.xinfo('GROUPS', stream);
  }
  for (const { later } of keys) transaction.zcard(later.due);
  const replies = ((await redisCall(transaction.exec())) ?? []).map(([error, reply]) => (error ? [] : reply));
  // A partition in which there is no event need not have the group.
  if (number > 0 && (replies[0] as unknown[]).length === 0) return [];
  return groups.flatMap((group, i) => {
    const ofJournal = stateOf(group, replies[0], replies[1]);
    const ofRedrives = stateOf(group, replies[2 + i * 2], replies[3 + i * 2]);
    const later = Number(replies[2 + groups.length * 2 + i]);
    const pending = ofJournal.pending + ofRedrives.pending + later;
    const isBehind = ofJournal.isBehind || ofRedrives.isBehind;
    const exists = ofJournal.exists && ofRedrives.exists;
    return pending > 0 || isBehind || !exists ? [{ group, exists, pending, isBehind }] : [];
  });
}

function stateOf(group: string, newest: unknown, infos: unknown): Omit<Unsettled, 'group'> {
  const info = (infos as (string | number)[][])
    .map((fields) => new Map(fields.flatMap((value, i) => (i % 2 === 0 ? [[value, fields[i + 1]]] : []))))
    .find((fields) => fields.get('name') === group);
  if (!info) return { exists: false, pending: 0, isBehind: true };
  const last = (newest as [id: string, fields: string[]][])[0]?.[0];
  const delivered = parseEventId(String(info.get('last-delivered-id')));
  return {
    exists: true,
    pending: Number(info.get('pending')),
    isBehind: last !== undefined && compareEventIds(parseEventId(last), delivered) > 0,
  };
}
