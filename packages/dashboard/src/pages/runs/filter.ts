import type { QueryOf } from '@runstream/client';
import { visible } from '../../parts/text.js';
import type { Query } from '../../service/router.js';
import type { RunItem } from './last-said.js';

export type Status = RunItem['status'];

export const STATUSES: readonly Status[] = ['running', 'pending', 'failed', 'cancelled', 'completed'];

/** How far back: in the address, and for people. */
export const TIMES = {
  '15m': { text: 'last 15 minutes', ms: 15 * 60_000 },
  '1h': { text: 'last hour', ms: 3_600_000 },
  '24h': { text: 'last 24 hours', ms: 86_400_000 },
  '7d': { text: 'last 7 days', ms: 7 * 86_400_000 },
} as const;

/** Which runs are shown. The names are those in the address. */
export interface Filter {
  /** None: all. */
  status: readonly Status[];
  executor?: string;
  task?: string;
  /** `name:value` */
  label?: string;
  key?: string;
  /** One of `TIMES`, or a time in ISO 8601, for a link that is to stay what it is. */
  since?: string;
}

const TEXTS = ['executor', 'task', 'label', 'key', 'since'] as const;

/** What somebody wrote into the address by hand and is no filter is left out. */
export function filterOf(query: URLSearchParams): Filter {
  const status = (query.get('status') ?? '').split(',').filter((one): one is Status => isStatus(one));
  const filter: Filter = { status };
  for (const name of TEXTS) {
    const value = query.get(name);
    if (value !== null && value !== '') filter[name] = value;
  }
  if (filter.since !== undefined && sinceMs(filter.since, 0) === undefined) delete filter.since;
  return filter;
}

function isStatus(text: string): boolean {
  return (STATUSES as readonly string[]).includes(text);
}

/** For `note()`: what has no value goes out of the address. */
export function addressOf({ status, ...texts }: Filter): Query {
  const query: Record<string, string | undefined> = { status: status.join(',') };
  for (const name of TEXTS) query[name] = texts[name];
  return query;
}

/** What the service is asked. */
export function queryOf({ status, since, ...texts }: Filter, now: number): QueryOf<'listRuns'> {
  const from = since === undefined ? undefined : sinceMs(since, now);
  return {
    ...texts,
    ...(status.length > 0 && { status: status.join(',') }),
    ...(from !== undefined && { since: new Date(from).toISOString() }),
  };
}

function sinceMs(since: string, now: number): number | undefined {
  if (Object.hasOwn(TIMES, since)) return now - TIMES[since as keyof typeof TIMES].ms;
  const at = Date.parse(since);
  return Number.isNaN(at) ? undefined : at;
}

/** One part of a filter, for people, and the filter without it. */
export interface FilterPart {
  text: string;
  without: Filter;
}

export function partsOf(filter: Filter): FilterPart[] {
  const parts: FilterPart[] = filter.status.map((one) => ({
    text: one,
    without: { ...filter, status: filter.status.filter((other) => other !== one) },
  }));
  for (const name of TEXTS) {
    const { [name]: value, ...rest } = filter;
    if (value !== undefined) parts.push({ text: textOf(name, value), without: rest });
  }
  return parts;
}

function textOf(name: (typeof TEXTS)[number], value: string): string {
  if (name === 'task') return `task contains “${visible(value)}”`;
  if (name !== 'since') return `${name} ${visible(value)}`;
  return Object.hasOwn(TIMES, value) ? TIMES[value as keyof typeof TIMES].text : `since ${visible(value)}`;
}
