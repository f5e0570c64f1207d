/** What happened in a scenario, as far as the promises to producers, watchers and handlers speak of it. */
export interface ServiceHistory {
  groups: readonly { name: string; ordered: boolean }[];
  /** Until when acknowledged events may be missing, since Redis lost its data then; undefined: at no time. */
  lossUntil?: number;
  /** Events that a producer was told are stored. */
  acknowledged: readonly Acknowledged[];
  /** What Redis has at the end, by run. */
  logs: ReadonlyMap<string, readonly LogEvent[]>;
  dead: readonly { group: string; event: string }[];
  watchers: readonly WatcherHistory[];
}

export interface Acknowledged {
  runId: string;
  id: string;
  /** Which producer, and the how many-th of its events. */
  by: string;
  n: number;
  /** When the answer came, in ms since the epoch. */
  at: number;
}

export interface LogEvent {
  id: string;
  type: string;
  /** Of a numbered event. */
  numbered?: { by: string; n: number };
  /** Of an effect: whose, and the id of the event that it was made for. */
  effect?: { group: string; for: string };
  isTerminal: boolean;
}

export interface WatcherHistory {
  name: string;
  runId: string;
  /** The types that it asked for; undefined: all. */
  type?: string;
  seen: readonly Seen[];
}

/** What a watcher was told, in the order of its telling. */
export type Seen =
  | { kind: 'connected' }
  | { kind: 'event'; id: string; /** What the data says. */ dataId: string; key: string }
  | { kind: 'cursor'; id: string }
  | { kind: 'gap'; reason: string; missed: number | null }
  | { kind: 'provisional'; key: string; /** Whether it passes for a stored event. */ looksDurable: boolean }
  | { kind: 'close'; reason: string }
  /** 204: there is nothing more. */
  | { kind: 'over' }
  /** It was refused, and comes back no more: a real EventSource gives up for good. */
  | { kind: 'refused'; status: number };
