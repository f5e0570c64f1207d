/** What a bench is told by whoever runs it. */
export interface BenchOptions {
  /** Length of each measurement, in seconds. */
  seconds: number;
  /** Load before each measurement that is not counted, in seconds. */
  warmUpSeconds: number;
  /** Events per second in all. */
  rate: number;
  /** Watchers, each on a run of its own. */
  watchers: number;
  /** Watchers of the one run of the fan-out. */
  fanOutWatchers: number;
  /** Events in each measurement of a bench that drains a number of them. */
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

/** One question about speed. A bench is a file that exports one of these, listed in main.ts. */
export interface Bench {
  /** What it is called on the command line. */
  readonly name: string;
  /** One sentence: what is measured, from when to when. */
  readonly measures: string;
  run(options: BenchOptions): Promise<Row[]>;
}
