import type { RedisTopology } from '../../../src/redis/index.js';
import type { SeededRandom } from '../../support/seeded-random.js';
import type { CastOptions } from './cast.js';
import type { StageOptions, Stage } from './stage.js';

/** A fault, and what holds in it. */
export interface Scenario {
  readonly name: string;
  readonly stage?: StageOptions;
  /** Where it can happen. */
  readonly on: readonly RedisTopology[];
  /** Its own size, where nothing else is asked for. */
  readonly size?: Partial<CastOptions>;
  /** How soon all goes on, on a machine that is not busy. Looked at where it is asked for. */
  readonly bars?: Bars;
  /** Whether whatever was acknowledged before is to be there afterwards. Default true. */
  readonly keepsData?: boolean;
  /** Makes the fault happen, and resolves when it is over. */
  strike(stage: Stage, faultMs: number | undefined, random: SeededRandom): Promise<Struck | void>;
}

export interface Bars {
  /** Appends, after there was a master again. */
  appendsSeconds: number;
  /** Frames, after appends. */
  framesSeconds: number;
}

/** What a fault did. Times are ms since the epoch. */
export interface Struck {
  /** Until when acknowledged events may be missing. */
  lossUntil?: number;
  /** When the servers could serve again, while it may still have gone on. */
  servedAt?: number;
  /** To be said beside the row. */
  note?: string;
}
