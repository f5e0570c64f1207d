import type { EndItem, Run } from '@runstream/client';
import { EXIT, type ExitCode } from '../../exit-code.js';
import { shown, type Shown } from '../../render/shown.js';
import { statusOf } from '../../render/status.js';
import { count, duration } from '../../render/time.js';

export interface Seen {
  events: number;
  /** Undefined when nobody knows how many. */
  missing: number | undefined;
}

/** `completed in 12 m 04 s, 1 204 events, 0 missing`. */
export function endText({ reason, status }: EndItem, run: Run, { events, missing }: Seen): Shown {
  const numbers = shown`${count(events)} events, ${missing === undefined ? 'some' : count(missing)} missing`;
  if (reason === 'deleted') return shown`${shown`deleted`.in('red')}, ${numbers}`;
  const { started_at, created_at, completed_at } = run;
  const tookMs =
    completed_at === null ? undefined : Date.parse(completed_at) - Date.parse(started_at ?? created_at);
  const took = tookMs === undefined ? shown`` : shown` in ${duration(tookMs)}`;
  return shown`${statusOf(status ?? run.status)}${took}, ${numbers}`;
}

/** One that was deleted has no end that could be told. */
export function exitCodeOf({ reason, status }: EndItem, run: Run): ExitCode {
  const end = reason === 'deleted' ? undefined : (status ?? run.status);
  if (end === 'completed') return EXIT.ok;
  return end === 'cancelled' ? EXIT.cancelled : EXIT.failed;
}
