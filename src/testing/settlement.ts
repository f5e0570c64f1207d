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
 * Which groups of a tenant have something left to do. All of it is read in one step: between two steps an
 * acknowledgement could add a new event, and each would show nothing.
 */
export async function unsettledGroups(
  redis: RedisConnections,
  store: EventStore,
  tenantId: string,
  groups: readonly string[],
): Promise<Unsettled[]> {
  const { journal } = store.keys.partition(tenantId, 0);
  const keys = groups.map((group) => store.keys.group(tenantId, 0, group));
  const redrives = keys.map(({ redrive }) => redrive);
  const transaction = redis.commands.multi();
  for (const stream of [journal, ...redrives]) {
    transaction.xrevrange(stream, '+', '-', 'COUNT', 1);
    transaction.xinfo('GROUPS', stream);
  }
  for (const { later } of keys) transaction.zcard(later.due);
  const replies = ((await redisCall(transaction.exec())) ?? []).map(([error, reply]) => (error ? [] : reply));
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
