import type { ScenarioReport } from './run-scenario.js';
import type { Bars } from './scenario.js';
import type { ServicePromise } from './service-checker.js';

const MAX_LINES = 20;
const WIDTHS = [17, 6, 6, 8, 8, 10, 6, 8, 7, 5, 8, 6, 8, 7, 6, 7];

export const HEADINGS = [
  'scenario',
  'seed',
  'acked',
  'missing',
  'doubled',
  'disordered',
  'false',
  'h-double',
  'h-lost',
  'dead',
  '+RSS MiB',
  '503s',
  'longest',
  's well',
  'back',
  'back/s',
];

export function line(cells: readonly (string | number)[]): string {
  return cells
    .map((cell, i) => (i === 0 ? String(cell).padEnd(WIDTHS[0]!) : String(cell).padStart(WIDTHS[i] ?? 8)))
    .join(' ');
}

/** One row of the table. */
export function row(report: ScenarioReport): string {
  const count = (...kinds: ServicePromise[]): number =>
    report.violations.filter(({ broken }) => kinds.includes(broken)).length;
  return line([
    report.scenario,
    report.seed,
    report.acknowledged,
    count('missing'),
    count('doubled'),
    count('disordered', 'handled out of order'),
    count('false belief'),
    count('handled twice', 'invented'),
    count('not handled'),
    report.dead,
    report.growthMiB,
    report.unavailable,
    Math.round(report.longestAnswerMs),
    report.recovery.seconds.toFixed(1),
    report.reconnects,
    report.peakReconnects,
  ]);
}

/** What a fault of a master or a slot was like. */
export function asides({ pauses, lost, note }: ScenarioReport): string[] {
  if (pauses.servedAfter === undefined) return [];
  const { servedAfter, appends, frames } = pauses;
  const of = ({ seconds, overAfter }: ScenarioReport['pauses']['appends']): string =>
    `paused for ${seconds.toFixed(1)} s, until ${overAfter.toFixed(1)} s`;
  return [
    `since the fault: a master after ${servedAfter.toFixed(1)} s; appends ${of(appends)}; frames ${of(frames)}; ` +
      `${lost} acknowledged events lost${note === undefined ? '' : `; ${note}`}`,
  ];
}

/** What took longer than its bar. */
export function late({ pauses }: Pick<ScenarioReport, 'pauses'>, bars: Bars): string[] {
  const { servedAfter, appends, frames } = pauses;
  if (servedAfter === undefined) return [];
  const of = (what: string, seconds: number, bar: number): string[] =>
    seconds > bar ? [`late: ${what} after ${seconds.toFixed(1)} s, and the bar is ${bar} s`] : [];
  return [
    ...of('appends again, since there was a master,', appends.overAfter - servedAfter, bars.appendsSeconds),
    ...of('frames again, since appends,', frames.overAfter - appends.overAfter, bars.framesSeconds),
  ];
}

/** What is to be said beside the row: sentences about what went wrong. */
export function complaints({ violations, problems }: ScenarioReport): string[] {
  return [
    ...problems,
    ...violations.slice(0, MAX_LINES).map(({ broken, where, detail }) => `${broken}: ${where}: ${detail}`),
    ...(violations.length > MAX_LINES ? [`and ${violations.length - MAX_LINES} more`] : []),
  ];
}
