import { createHash } from 'node:crypto';
import type { RegisteredHandler } from '../handler/registered-handler.js';

/** What a process says of the handler with which it runs a group. */
export interface AnnouncedHandler {
  /** Class name. */
  handler: string;
  /** Undefined: all that are in the journal. */
  types?: readonly string[] | undefined;
  ordering: 'none' | 'run';
  hasCanHandle: boolean;
  concurrency: number;
  leaseMs: number;
  maxAttempts: number;
  version?: number | undefined;
  /** Its processes that may take each other's place. */
  team: string;
}

/** A process that runs a group. */
export interface GroupMember extends AnnouncedHandler {
  /** Unlike that of any other process, and of any other start of this one. */
  name: string;
  /** The same for all whose handlers want the same: a hash of types, ordering, canHandle and version. */
  fingerprint: string;
  /** Its last sign of life, in ms of Redis's clock. */
  lastSeen: number;
  /** How long ago that was, in milliseconds. */
  idleMs: number;
}

/** What members have in common that want the same events. */
export interface GroupFingerprint extends Pick<
  GroupMember,
  'types' | 'ordering' | 'hasCanHandle' | 'version'
> {
  fingerprint: string;
  /** In ms of Redis's clock; counted anew when its last member was gone meanwhile. */
  firstAnnounced: number;
  /** Names of its members. */
  members: readonly string[];
  /** The same, by team. */
  byTeam: ReadonlyMap<string, readonly string[]>;
}

export function announcementOf(
  { name, options, canHandle }: RegisteredHandler,
  team: string,
): AnnouncedHandler {
  const { types, ordering, concurrency, leaseMs, maxAttempts, version } = options;
  const hasCanHandle = canHandle !== undefined;
  return { handler: name, types, ordering, hasCanHandle, concurrency, leaseMs, maxAttempts, version, team };
}

/** Of what decides which events a handler wants, and of its version. */
export function fingerprintOf({ types, ordering, hasCanHandle, version }: AnnouncedHandler): string {
  const what = [types ? [...new Set(types)].sort() : null, ordering, hasCanHandle, version ?? null];
  return createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 12);
}

/** Newest first: by version, none being below all; then by when they were first announced. */
export function byRank(a: GroupFingerprint, b: GroupFingerprint): number {
  return (b.version ?? 0) - (a.version ?? 0) || b.firstAnnounced - a.firstAnnounced || compare(a, b);
}

/** Of two that are otherwise equal all processes must choose the same. */
function compare(a: GroupFingerprint, b: GroupFingerprint): number {
  return a.fingerprint < b.fingerprint ? -1 : 1;
}
