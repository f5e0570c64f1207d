import { integer, list } from './setting.js';

/** What a tenant can be limited in. */
export const LIMIT_NAMES = [
  'active_runs',
  'events_per_second',
  'bytes_per_second',
  'open_streams',
  'requests_per_second',
  'stored_bytes',
] as const;

/** One thing that a tenant can be limited in. */
export type LimitName = (typeof LIMIT_NAMES)[number];

/** More would be none. */
export const LARGEST_LIMIT = 2 ** 40;

export const LIMITS_RULE = `a list like active_runs=100,events_per_second=1000, with whole numbers from 1 up; there are ${LIMIT_NAMES.join(', ')}`;

/** What `name=value` says; undefined for what is no limit. */
export function readLimit(item: string): { name: LimitName; value: number } | undefined {
  const [, given, digits] = /^([a-z_]+)=(\d{1,13})$/.exec(item) ?? [];
  const name = LIMIT_NAMES.find((one) => one === given);
  const value = Number(digits);
  return name && value >= 1 && value <= LARGEST_LIMIT ? { name, value } : undefined;
}

export const isLimit = (item: string): boolean => readLimit(item) !== undefined;

/** What a tenant may take of the deployment as a whole. */
export const limits = {
  defaults: list<readonly string[]>(
    {
      env: 'TENANT_LIMITS',
      default: [],
      doc: `Limits of every tenant that has none of its own, as \`name=value\`: ${LIMIT_NAMES.map((name) => `\`${name}\``).join(', ')}.`,
    },
    isLimit,
    LIMITS_RULE,
  ),
  storedBytesMs: integer({
    default: 30_000,
    min: 1,
    unit: 'milliseconds',
    doc: 'How often what a tenant stores is summed, by one process at a time, where that is limited.',
  }),
};
