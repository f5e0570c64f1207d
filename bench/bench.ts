/** What a bench is told by whoever runs it. */
export interface BenchOptions {
  /** Length of each measurement, in seconds. */
  seconds: number;
  /** Load before each measurement that is not counted, in seconds. */
  warmUpSeconds: number;
  /** Events per second in all; undefined: what the bench takes by itself. */
  rate: number | undefined;
  /** Watchers, each on a run of its own. */
  watchers: number;
  /** Watchers of the one run of the fan-out, and of those that resume at once. */
  fanOutWatchers: number;
  /** Runs of the many runs, each with one watcher. */
  runs: number;
  /** Runs that are listed. */
  listRuns: number;
  /** Events in each measurement of a bench that moves a number of them. */
  events: number;
  /** How often each contender of such a bench is measured, one after the other. */
  rounds: number;
  /** Folder for CPU profiles of the processes that are measured; undefined: none is taken. */
  profileDir: string | undefined;
  /** Tells the person in front of it what is going on. */
  readonly say: (line: string) => void;
}

/** One line of a bench's table: the names of the columns and what stands in them. */
export type Row = Readonly<Record<string, string | number>>;

/** A number that matters; the summary of all benches is made of these. */
export interface Finding {
  /** What was measured, and against what where it is a ratio: `single POST, against bare Express`. */
  readonly measured: string;
  /** The number itself, with its unit: `1834 requests/s`. */
  readonly value: string;
  /** What is compared with the bar: a ratio, or the number itself where the bar is one. */
  readonly compared: number;
  /** What it must reach, and what it should. Default: nobody has said. */
  readonly bar?: number;
  readonly aim?: number;
  /** Whether less is better. Default: false. */
  readonly atMost?: boolean;
}

export interface Report {
  readonly rows: readonly Row[];
  readonly findings: readonly Finding[];
}

/** One question about speed. A bench is a file that exports one of these, listed in main.ts. */
export interface Bench {
  /** What it is called on the command line. */
  readonly name: string;
  /** One sentence: what is measured, from when to when. */
  readonly measures: string;
  run(options: BenchOptions): Promise<Report>;
}
