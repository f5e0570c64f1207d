import type { GroupStanding } from './group-standing.js';

/** What of a standing tells how fast it changes. */
export type Progress = Pick<
  GroupStanding,
  'at' | 'lag' | 'lagMs' | 'pending' | 'appended' | 'appendedLately'
>;

const MINUTE_MS = 60_000;
/** A sample of about a minute ago: a rate over less says little, and one over more is of another time. */
const [YOUNGEST_MS, OLDEST_MS] = [50_000, 75_000];

/** How a group stood in one tenant at one time. */
export interface TenantSample extends Pick<GroupStanding, 'lag' | 'lagMs' | 'pending'> {
  /** In ms since 1970. */
  at: number;
  /** Events that the tenant's journal had been given, ever. */
  appended: number;
  /** Of these: events that the group was done with, wanted or not. */
  done: number;
}

/** Events per second. */
export interface TenantRates {
  /** What came into the tenant's journal, of whatever type. */
  appended: number;
  /** What the group was done with: handled, dead-lettered, not wanted, or deleted. Undefined when nothing tells. */
  handled: number | undefined;
}

/** Of a sample beside the one before it; undefined for the first one. */
export type TrendPoint = TenantSample & { rates: TenantRates | undefined };

export function sampleOf({ at, lag, lagMs, pending, appended }: Progress): TenantSample {
  return { at, lag, lagMs, pending, appended, done: Math.max(appended - lag - pending, 0) };
}

/**
 * Over the last minute.
 *
 * @param latest samples of the last minute, newest first
 */
export function ratesOf(standing: Progress, latest: readonly TenantSample[]): TenantRates {
  const now = sampleOf(standing);
  const appended = (1000 * standing.appendedLately) / MINUTE_MS;
  const before = latest.find(({ at }) => now.at - at >= YOUNGEST_MS);
  if (before && now.at - before.at <= OLDEST_MS) return { appended, handled: between(before, now).handled };
  // Without one nothing was left to do a minute ago, or nobody looked: then what is left tells.
  const done = now.done - (now.appended - standing.appendedLately);
  return { appended, handled: done < 0 ? undefined : (1000 * done) / MINUTE_MS };
}

/** Oldest first. */
export function trendOf(samples: readonly TenantSample[]): TrendPoint[] {
  return samples.toReversed().map((sample, i, all) => {
    const before = all[i - 1];
    return { ...sample, rates: before && between(before, sample) };
  });
}

/** A group that is replayed goes back, and that is no rate. */
function between(before: TenantSample, after: TenantSample): TenantRates {
  const seconds = Math.max(after.at - before.at, 1) / 1000;
  return {
    appended: Math.max(after.appended - before.appended, 0) / seconds,
    handled: Math.max(after.done - before.done, 0) / seconds,
  };
}
