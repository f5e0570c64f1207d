import { Injectable } from '@nestjs/common';
import { RedisConnections } from '../../redis/index.js';
import { BUCKETS, type Partition } from '../buckets.js';
import { Heartbeats } from '../members/heartbeats.js';
import { SCRIPTS } from '../scripts.js';
import { KEPT_MS, MARGIN_MS } from './sweeps.js';
import { WORK_KEYS } from '../work-keys.js';

/** Most partitions of one bucket that are named. */
const MOST_OF_BUCKET = 100;

/** Where there may be something of a consumer. */
export interface Busy {
  partitions: Partition[];
  /** How many there are, or more where not all are named. */
  atLeast: number;
  isComplete: boolean;
}

/**
 * Tells in which partitions something of a consumer may be new or pending, without a look at any other, whoever asks and
 * whether or not a process of it lives. What was new before touches are kept (an hour), and was never looked at, it does
 * not know.
 */
@Injectable()
export class BusyPartitions {
  constructor(
    private readonly redis: RedisConnections,
    private readonly heartbeats: Heartbeats,
  ) {}

  /**
   * @param teams those of the consumer's processes
   * @throws RedisUnavailableError
   */
  async find(topic: string, teams: readonly string[]): Promise<Busy> {
    const { ofTeams } = await this.heartbeats.read(teams);
    const buckets = await Promise.all(
      BUCKETS.map(async (bucket) => {
        const held = [...ofTeams].flatMap(([team, members]) =>
          members.map((member) => WORK_KEYS.held(team, member, bucket)),
        );
        return (await SCRIPTS.busy.ask(
          this.redis,
          [WORK_KEYS.touched(topic, bucket), WORK_KEYS.swept(bucket), ...held],
          [MARGIN_MS, KEPT_MS, MOST_OF_BUCKET, ...teams],
        )) as [string, number, ...Partition[]];
      }),
    );
    return {
      partitions: inTurn(buckets.map(([, , ...partitions]) => partitions)),
      atLeast: buckets.reduce((sum, [, atLeast]) => sum + atLeast, 0),
      isComplete: buckets.every(([more]) => more === '0'),
    };
  }
}

/** The first of each bucket, then the second of each: whoever takes some takes of all. */
function inTurn(buckets: readonly (readonly Partition[])[]): Partition[] {
  const longest = Math.max(...buckets.map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) => buckets.flatMap((bucket) => bucket[i] ?? [])).flat();
}
