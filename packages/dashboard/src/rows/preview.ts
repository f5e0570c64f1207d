/** What a person wants to see of an event's data, if it is there; in this order. */
const TELLING = [
  'message',
  'error',
  'content',
  'line',
  'question',
  'title',
  'task',
  'name',
  'reason',
  'result',
  'command',
];

/** Data in one line, of about so many characters at most: only as much of a large value is read. */
export function preview(data: unknown, max = 300): string {
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) {
    const values = data as Record<string, unknown>;
    const telling = TELLING.find((name) => typeof values[name] === 'string' && values[name] !== '');
    if (telling !== undefined) return oneLine(values[telling] as string, max);
    // An error is often an object with a message.
    const { error } = values as { error?: { message?: unknown } | null };
    if (typeof error?.message === 'string') return oneLine(error.message, max);
    if (Object.keys(values).length === 0) return '';
  }
  if (typeof data === 'string') return oneLine(data, max);
  return brief(data, max);
}

export function oneLine(text: string, max = 300): string {
  const start = text.slice(0, max).replace(/\s+/g, ' ').trim();
  return text.length > max ? `${start}…` : start;
}

/** The end of a text that is still being written. */
export function lastOf(text: string, max = 120): string {
  const end = text.slice(-max).replace(/\s+/g, ' ').trim();
  return text.length > max ? `…${end}` : end;
}

function brief(value: unknown, max: number): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > max ? `${value.slice(0, max)}…` : value);
  if (typeof value !== 'object' || value === null) return String(value);
  const isList = Array.isArray(value);
  let text = '';
  for (const name in value) {
    if (text !== '') text += ', ';
    if (text.length > max) return isList ? `[${text}…]` : `{${text}…}`;
    if (!isList) text += `${name}: `;
    text += brief((value as Record<string, unknown>)[name], max - text.length);
  }
  return isList ? `[${text}]` : `{${text}}`;
}
