import { RunstreamError } from './errors.js';

/** Longest text of a value, in characters. */
export const MAX_ERROR_TEXT = 1000;
/** Longest report for the log, in characters. */
const MAX_REPORT = 16_000;
/** Of a stack, or a message, before the whole is put together. */
const MAX_PART = 10_000;
/** How many causes behind each other are told, and how many errors of an AggregateError. */
const MAX_DEPTH = 4;
const MAX_ERRORS = 5;
const MAX_KEYS = 8;

/**
 * The text of whatever user code threw or gave as a reason: name, code, message, causes, and the errors of an
 * AggregateError. Never empty, never longer than `most` characters (MAX_ERROR_TEXT by default), and it never throws: any
 * property may be a getter that does, and any object a revoked proxy. With `named: false` without the name of the
 * outermost error, where it has a message.
 */
export function errorText(value: unknown, { most = MAX_ERROR_TEXT, named = true } = {}): string {
  // `throw save()` without await: nobody else will look at that Promise.
  if (isThenable(value)) silence(value);
  return cut(totally(() => textOf(value, MAX_DEPTH, named)) ?? 'a value that can not be read', most);
}

/** The same with stacks, for the log. */
export function errorReport(value: unknown): string {
  return cut(totally(() => reportOf(value, MAX_DEPTH)) ?? errorText(value), MAX_REPORT);
}

/** `instanceof` that never throws, as it does for a revoked proxy. */
export function isInstance<T>(value: unknown, type: abstract new (...args: never[]) => T): value is T {
  return totally(() => value instanceof type) ?? false;
}

/** A value in a few words: what was given where something else was expected. Never throws. */
export function valueText(value: unknown): string {
  return cut(totally(() => preview(value, 1)) ?? 'a value that can not be read', 200);
}

function textOf(value: unknown, depth: number, named = true): string {
  if (!isObject(value)) return primitiveText(value);
  if (!isErrorLike(value)) return preview(value, 1);
  const name = wordOf(get(value, 'name'));
  const message = messageOf(get(value, 'message'));
  const code = wordOf(get(value, 'code'));
  const title = name === '' || name === 'Error' ? '' : name;
  let text =
    message !== ''
      ? `${named && title !== '' ? `${title}: ` : ''}${message}`
      : `${title || 'an error'} without a message`;
  if (code !== '' && !text.includes(code)) text += ` (${code})`;
  const behind = [...errorsOf(value, depth), ...causeOf(value, depth)];
  return behind.length > 0 ? `${cut(text, MAX_ERROR_TEXT / 2)} [${behind.join('; ')}]` : text;
}

function errorsOf(value: object, depth: number): string[] {
  const errors = depth > 0 ? listOf(get(value, 'errors')) : [];
  const texts = errors.slice(0, MAX_ERRORS).map((error) => cut(textOf(error, depth - 1), 200));
  if (errors.length > MAX_ERRORS) texts.push(`and ${errors.length - MAX_ERRORS} more`);
  return texts;
}

function causeOf(value: object, depth: number): string[] {
  const cause = publicCause(value);
  return cause === undefined || depth === 0 ? [] : [`caused by: ${textOf(cause, depth - 1)}`];
}

/** A RunstreamError says itself what others may read; its cause is for the log alone. */
function publicCause(value: object): unknown {
  return isInstance(value, RunstreamError) ? undefined : get(value, 'cause');
}

function reportOf(value: unknown, depth: number): string {
  if (!isObject(value) || !isErrorLike(value)) return textOf(value, depth);
  const stack = get(value, 'stack');
  const lines = [typeof stack === 'string' && stack !== '' ? cut(stack, MAX_PART) : textOf(value, 0)];
  if (depth > 0) {
    for (const error of listOf(get(value, 'errors')).slice(0, MAX_ERRORS)) {
      lines.push(`One of its errors: ${reportOf(error, depth - 1)}`);
    }
    const cause = get(value, 'cause');
    if (cause !== undefined) lines.push(`Caused by: ${reportOf(cause, depth - 1)}`);
  }
  return lines.join('\n');
}

function isErrorLike(value: object): boolean {
  if (totally(() => value instanceof Error) === true) return true;
  const message = get(value, 'message');
  return typeof message === 'string' && message !== '';
}

/** A message may be anything: `e.message = { code: 'E42' }`. */
function messageOf(message: unknown): string {
  if (message === undefined || message === null) return '';
  return cut(typeof message === 'string' ? message : preview(message, 1), MAX_PART).trim();
}

/** What may stand for a name or a code. */
function wordOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? cut(String(value), 100).trim() : '';
}

function primitiveText(value: unknown): string {
  if (typeof value !== 'string') return preview(value, 0);
  return cut(value, MAX_PART).trim() === '' ? 'an empty text' : value;
}

function preview(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(cut(value, 100));
    case 'bigint':
      // Its digits may be millions.
      return value > -(10n ** 30n) && value < 10n ** 30n ? `${value}n` : 'a large bigint';
    case 'symbol':
      return cut(value.toString(), 100);
    case 'function':
      return `the function ${wordOf(get(value, 'name')) || 'without a name'}`;
    case 'object':
      break;
    default:
      return String(value);
  }
  if (value === null) return 'null';
  if (totally(() => Array.isArray(value)) === true) return `a list of ${String(get(value, 'length'))}`;
  const kind = wordOf(get((get(value, 'constructor') as object | undefined) ?? {}, 'name'));
  if (depth === 0) return kind === '' || kind === 'Object' ? 'an object' : `an object of ${kind}`;
  return `${kind === '' || kind === 'Object' ? '' : `${kind} `}${fieldsOf(value)}`;
}

function fieldsOf(value: object): string {
  const fields: string[] = [];
  for (const key in value) {
    if (fields.length === MAX_KEYS) {
      fields.push('…');
      break;
    }
    fields.push(`${cut(key, 50)}: ${preview(get(value, key), 0)}`);
  }
  return fields.length > 0 ? `{ ${fields.join(', ')} }` : '{}';
}

function listOf(value: unknown): unknown[] {
  if (totally(() => Array.isArray(value)) !== true) return [];
  const length = Number(get(value as object, 'length'));
  const list: unknown[] = Array.from({ length: Math.min(length, MAX_ERRORS) }, (_, i) =>
    get(value as object, String(i)),
  );
  list.length = Math.min(length, 1_000_000);
  return list;
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function get(value: object, key: string): unknown {
  return totally(() => (value as Record<string, unknown>)[key]);
}

/** Undefined for what throws. */
function totally<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** Cuts between characters, never through one. */
function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const head = text.slice(0, most - 1);
  return `${/[\uD800-\uDBFF]$/.test(head) ? head.slice(0, -1) : head}…`;
}

/** Whether it is a Promise, or passes for one. Never throws. */
export function isThenable(value: unknown): boolean {
  return isObject(value) && typeof get(value, 'then') === 'function';
}

/** A Promise that nobody awaits must not end the process when it rejects. Takes any value. */
export function silence(value: unknown): void {
  if (!isObject(value)) return;
  new Promise((resolve) => {
    resolve(value);
  }).catch(() => undefined);
}
