import { Injectable } from '@nestjs/common';
import { RedisConnections } from '../../redis/index.js';
import { type UpkeepOptions, UpkeepRounds } from './upkeep-rounds.js';
import type { UpkeepTask } from '../work-keys.js';

/** Makes the rounds of each kind of upkeep. */
@Injectable()
export class Upkeep {
  constructor(private readonly redis: RedisConnections) {}

  create(task: UpkeepTask, options: UpkeepOptions): UpkeepRounds {
    return new UpkeepRounds(this.redis, task, options);
  }
}
