/**
 * The trace that something belongs to, as `context` has it (https://www.w3.org/TR/trace-context-2/). Without a
 * `traceparent` it belongs to none.
 */
export interface TraceContext {
  traceparent?: string | null;
  tracestate?: string | null;
}

/** What a `traceparent` says. */
export interface Traceparent {
  traceId: string;
  spanId: string;
  flags: number;
}

/** What must be forwarded at least; what is longer is none. */
const MAX_TRACESTATE_LENGTH = 512;
const MAX_TRACESTATE_MEMBERS = 32;
/** A later version may have more behind its flags. */
const TRACEPARENT =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const TRACESTATE_KEY = /^[a-z0-9][a-z0-9_*/@-]{0,255}$/;
const TRACESTATE_VALUE = /^[ -+\--<>-~]{0,255}[!-+\--<>-~]$/;
/** `sampled` and `random`: of a later version no other bit is known. */
const KNOWN_FLAGS = 0x03;

/** Undefined when it is malformed. Whatever the version, it is read as the one that we know. */
export function parseTraceparent(text: string): Traceparent | undefined {
  const [, version, traceId = '', spanId = '', bits = '', more] = TRACEPARENT.exec(text) ?? [];
  if (version === undefined || (version === '00' && more !== undefined)) return undefined;
  const flags = Number.parseInt(bits, 16);
  return { traceId, spanId, flags: version === '00' ? flags : flags & KNOWN_FLAGS };
}

/** As version 00 writes it. */
export function formatTraceparent({ traceId, spanId, flags }: Traceparent): string {
  return `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}`;
}

/** As it is kept; undefined for what is none. */
export function readTraceparent(value: unknown): string | undefined {
  const parsed = typeof value === 'string' ? parseTraceparent(value) : undefined;
  return parsed && formatTraceparent(parsed);
}

/** As it is kept, without what stands between its members; undefined for what is none, or is too long. */
export function readTracestate(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > MAX_TRACESTATE_LENGTH) return undefined;
  const keys = new Set<string>();
  const members: string[] = [];
  for (const part of value.split(',')) {
    const member = part.replace(/^[ \t]+|[ \t]+$/g, '');
    if (member === '') continue;
    const equals = member.indexOf('=');
    const key = member.slice(0, Math.max(equals, 0));
    if (!TRACESTATE_KEY.test(key) || !TRACESTATE_VALUE.test(member.slice(equals + 1)) || keys.has(key))
      return undefined;
    keys.add(key);
    members.push(member);
  }
  return members.length > 0 && members.length <= MAX_TRACESTATE_MEMBERS ? members.join(',') : undefined;
}

/** What the headers `traceparent` and `tracestate` say. A malformed one counts as none, as the standard has it. */
export function readTraceHeaders(traceparent: unknown, tracestate: unknown): TraceContext | undefined {
  const parent = readTraceparent(traceparent);
  if (parent === undefined) return undefined;
  return { traceparent: parent, tracestate: readTracestate(tracestate) ?? null };
}
