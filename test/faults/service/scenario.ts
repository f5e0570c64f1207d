import type { SeededRandom } from '../../support/seeded-random.js';
import type { CastOptions } from './cast.js';
import type { StageOptions, Stage } from './stage.js';

/** A fault, and what holds in it. */
export interface Scenario {
  readonly name: string;
  readonly stage?: StageOptions;
  /** Its own size, where nothing else is asked for. */
  readonly size?: Partial<CastOptions>;
  /** Whether whatever was acknowledged before is to be there afterwards. Default true. */
  readonly keepsData?: boolean;
  /**
   * Makes the fault happen, and resolves when it is over. With data lost, returns until when (ms since the epoch)
   * acknowledged events may be missing.
   */
  strike(stage: Stage, faultMs: number | undefined, random: SeededRandom): Promise<number | void>;
}
