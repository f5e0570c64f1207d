import type { RunEvent } from '@runstream/client';
import { jsonLine } from './clean.js';
import { cut, Shown, shown } from './shown.js';

const WIDTH = 200;
/** Members of `data` that say it for people, as the protocol has them; the first that is there counts. */
const TEXTS = ['content', 'message', 'error', 'reason', 'task', 'line'];

export const typeOf = ({ event }: RunEvent): string => `${event.category}.${event.action}`;

/** What an event says, on one line: without its type. */
export function summaryOf(event: RunEvent): Shown {
  const { data } = event;
  if (event.event.category === 'log') return logLine(event);
  const names = Object.keys(data);
  if (names.length === 0) return Shown.empty;
  const name = TEXTS.find((one) => typeof data[one] === 'string' && data[one] !== '');
  // Nothing is left out unseen: what has more than its text is shown as it is.
  if (name !== undefined && names.length === 1) return cut(String(data[name]), WIDTH);
  return cut(jsonLine(data), WIDTH);
}

/** The colours are the program's own, what it wrote to stderr is marked. */
export function logLine({ event, data }: RunEvent): Shown {
  const line = typeof data['line'] === 'string' ? Shown.log(data['line']) : cut(jsonLine(data), WIDTH);
  return event.action === 'stderr' ? shown`${shown`stderr`.in('red')} ${line}` : line;
}

/** `name(arguments)`, or what came of it. */
export function toolText(name: string | undefined, value: unknown): Shown {
  const text = value === undefined ? '' : typeof value === 'string' ? value : jsonLine(value);
  return shown`${cut(name ?? 'tool', 60)}(${cut(text, WIDTH)})`;
}

export function valueText(value: unknown): Shown {
  return cut(typeof value === 'string' ? value : jsonLine(value ?? null), WIDTH);
}

/** One line of a history: place, time, type, who said it, what. */
export function eventLine(event: RunEvent): Shown {
  const time = shown`${event.timestamp}`.in('dim');
  const agent = event.source ? shown` ${cut(event.source.agent_id, 40)}:`.in('cyan') : shown``;
  return shown`${String(event.sequence).padStart(6)}  ${time}  ${shown`${typeOf(event)}`.in('bold')}${agent} ${summaryOf(event)}`;
}
