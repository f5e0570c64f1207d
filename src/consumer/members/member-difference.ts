import type { AnnouncedHandler, GroupMember } from './group-member.js';

const MOST_NAMED = 3;

/** What must be the same for all members of a group, as people call it. How much one does at once may differ. */
const COMPARED = {
  handler: 'the handler',
  types: 'types',
  ordering: 'ordering',
  hasCanHandle: 'canHandle()',
  leaseMs: 'leaseMs',
  maxAttempts: 'maxAttempts',
  version: 'version',
} satisfies Partial<Record<keyof AnnouncedHandler, string>>;
const NAMES = Object.keys(COMPARED) as (keyof typeof COMPARED)[];

/** What an operator should know when others run a group otherwise than this process; undefined when nobody does. */
export function differenceFrom(
  group: string,
  own: AnnouncedHandler,
  others: readonly GroupMember[],
): string | undefined {
  const different = others.filter((other) => differing(own, other).length > 0);
  const [first] = different;
  if (!first) return undefined;
  const named = different.slice(0, MOST_NAMED).map(({ name }) => name);
  const more = different.length - named.length;
  const what = differing(own, first).map(
    (name) => `${COMPARED[name]}: ${shown(first[name])} there, ${shown(own[name])} here`,
  );
  return (
    `The group "${group}" is also run by ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}, but not in the same ` +
    `way (${what.join('; ')}). While both run, an event goes to either of them. During a rolling deploy that is expected ` +
    'and passes. If these are two applications, or two handlers, give each a group of its own.'
  );
}

function differing(own: AnnouncedHandler, other: AnnouncedHandler): (keyof typeof COMPARED)[] {
  return NAMES.filter((name) => shown(own[name]) !== shown(other[name]));
}

function shown(value: AnnouncedHandler[keyof typeof COMPARED]): string {
  if (value === undefined) return 'not given';
  if (typeof value === 'object') return [...value].sort().join(', ');
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
}
