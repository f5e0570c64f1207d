/** What requests are, as far as it matters how many of them there may be: each kind has a bound of its own. */
export const REQUEST_KINDS = ['streams', 'uploads', 'waits', 'worker_waits', 'public', 'requests'] as const;
export type RequestKind = (typeof REQUEST_KINDS)[number];

const BYTE_BOUNDS = ['bytes', 'answers'] as const;
export type BoundName = RequestKind | (typeof BYTE_BOUNDS)[number];

/** What a refusal is counted under. */
export const REFUSALS = [...REQUEST_KINDS, ...BYTE_BOUNDS, 'event_loop', 'pipelined'] as const;
export type Refusal = (typeof REFUSALS)[number];
