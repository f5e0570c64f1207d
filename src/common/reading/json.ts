import { isUtf8 } from 'node:buffer';
import { ValidationFailedError } from '../errors.js';

/**
 * How deep arrays and objects may be nested. JSON.parse has no limit of its own, but whatever prints or walks
 * the value later is recursive, and would fail half-way with a stack overflow instead of a clear 400.
 */
export const MAX_JSON_DEPTH = 500;

/**
 * Could this text hold a number that overflows? Only one with a three-digit exponent, or with hundreds of
 * digits. False alarms cost a walk over the value, nothing else. Anchored on what may stand before a number,
 * so that hex digests in strings are rarely alarms and the scan stays linear.
 */
const MAYBE_NOT_FINITE = /(?:^|[:,[\s])-?(?:\d{200}|\d+(?:\.\d+)?[eE]\+?0*[1-9]\d\d)/;

/**
 * JSON.parse for what comes from outside. Keys such as `__proto__` and `constructor` become ordinary own
 * properties; a number that is not finite as an IEEE double (1e400) and a nesting deeper than
 * {@link MAX_JSON_DEPTH} are refused.
 *
 * @param path what the value is called in messages, as a prefix: `events[3]`. Default: the root.
 * @throws ValidationFailedError that says where the text is wrong
 */
export function parseJson(text: string, path = ''): unknown {
  const source = withoutByteOrderMark(text);
  if (mayBeTooDeep(source) && isTooDeep(source)) {
    throw new ValidationFailedError([{ path, message: `nested deeper than ${MAX_JSON_DEPTH} levels` }]);
  }
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (error) {
    throw new ValidationFailedError([
      { path, message: `not valid JSON: ${describeSyntaxError(error, source)}` },
    ]);
  }
  if (MAYBE_NOT_FINITE.test(source)) refuseInfinity(value, path);
  return value;
}

/**
 * Bytes to text, strictly: what is not UTF-8 is refused and never silently replaced.
 *
 * @throws ValidationFailedError that says at which byte
 */
export function decodeUtf8(bytes: Buffer, path = ''): string {
  const text = bytes.toString('utf8');
  if (isUtf8(bytes)) return text;
  throw new ValidationFailedError([
    { path, message: `not valid UTF-8 at byte ${firstReplaced(text, bytes)}; send UTF-8` },
  ]);
}

/** Some editors begin a file with one. It is no part of the text. */
export function withoutByteOrderMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

function describeSyntaxError(error: unknown, text: string): string {
  const message = error instanceof Error ? error.message : 'syntax error';
  const position = /\bat position (\d+)/.exec(message)?.[1];
  if (position === undefined || /line \d+ column \d+/.test(message)) return message;
  const before = text.slice(0, Number(position));
  const line = before.split('\n').length;
  return `${message} (line ${line} column ${before.length - before.lastIndexOf('\n')})`;
}

/** Offset of the first byte that decoding had to replace; a U+FFFD that was really sent does not count. */
function firstReplaced(text: string, bytes: Buffer): number {
  let offset = 0;
  let from = 0;
  for (;;) {
    const at = text.indexOf('\ufffd', from);
    if (at < 0) return bytes.length;
    offset += Buffer.byteLength(text.slice(from, at));
    if (bytes[offset] !== 0xef || bytes[offset + 1] !== 0xbf || bytes[offset + 2] !== 0xbd) return offset;
    offset += 3;
    from = at + 1;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Counts opening brackets with the engine's fast search: few of them cannot nest deeply. */
function mayBeTooDeep(text: string): boolean {
  if (text.length <= 2 * MAX_JSON_DEPTH) return false;
  let left = MAX_JSON_DEPTH;
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) {
      if (--left < 0) return true;
    }
  }
  return false;
}

function isTooDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > MAX_JSON_DEPTH) return true;
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
  return false;
}

/** Where the string that begins at `from` has its closing quote: one after an even number of backslashes. */
function endOfString(text: string, from: number): number {
  for (let end = text.indexOf('"', from + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text.charCodeAt(before) === BACKSLASH) before--;
    if ((end - before) % 2 === 1) return end;
  }
  return text.length;
}

function refuseInfinity(value: unknown, path: string): void {
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return;
    throw new ValidationFailedError([
      { path, message: 'a number too large for an IEEE double; send it as a string' },
    ]);
  }
  if (Array.isArray(value)) {
    value.forEach((item, index) => refuseInfinity(item, `${path}[${index}]`));
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) refuseInfinity(item, path ? `${path}.${key}` : key);
  }
}
