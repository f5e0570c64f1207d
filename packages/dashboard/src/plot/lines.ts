import type { GroupSample } from '../sentences/group-facts.js';
import { clock, count, duration } from '../parts/format.js';
import { perSecond } from '../sentences/group-sentences.js';

export interface Line {
  label: string;
  of: (sample: GroupSample) => number;
  /** Of the page's colours: `--accent`. */
  colour: string;
  /** Lengths of drawn and not drawn in px: colours alone don't tell lines apart. */
  dash?: number[];
}

export interface Chart {
  title: string;
  lines: readonly Line[];
  say: (value: number) => string;
}

/** What is drawn of a group, one below the other. */
export const CHARTS: readonly Chart[] = [
  {
    title: 'Lag',
    lines: [{ label: 'lag', of: ({ lag }) => lag, colour: '--accent' }],
    say: (value) => count(Math.round(value)),
  },
  {
    title: 'Age of the oldest',
    lines: [{ label: 'oldest', of: ({ lag_ms }) => lag_ms, colour: '--accent' }],
    say: (value) => (value < 1000 ? `${Math.round(value)} ms` : duration(value)),
  },
  {
    title: 'Per second',
    lines: [
      { label: 'handled', of: (sample) => sample.handled_per_second, colour: '--good' },
      { label: 'failed', of: (sample) => sample.failed_per_second, colour: '--warn', dash: [6, 3] },
      { label: 'dead', of: (sample) => sample.dead_lettered_per_second, colour: '--bad', dash: [2, 3] },
    ],
    say: perSecond,
  },
];

/** Samples come once a minute: of a longer time nothing is known, and no line is drawn. */
const GAP_MS = 150_000;

/** Times in seconds, and a row for each line. */
export function columnsOf(
  samples: readonly GroupSample[],
  lines: readonly Line[],
): { times: number[]; rows: (number | null)[][] } {
  const times: number[] = [];
  const rows: (number | null)[][] = lines.map(() => []);
  let before: number | undefined;
  for (const sample of samples) {
    const at = Date.parse(sample.at);
    if (before !== undefined && at - before > GAP_MS) {
      times.push((before + 1000) / 1000);
      for (const row of rows) row.push(null);
    }
    times.push(at / 1000);
    lines.forEach((line, index) => rows[index]?.push(line.of(sample)));
    before = at;
  }
  return { times, rows };
}

/** All numbers of one time, in one line. */
export function sayAll(sample: GroupSample): string {
  const numbers = CHARTS.flatMap(({ lines, say }) =>
    lines.map(({ label, of }) => `${label} ${say(of(sample))}`),
  );
  return `${clock(sample.at).slice(0, 5)} · ${numbers.join(' · ')}`;
}
