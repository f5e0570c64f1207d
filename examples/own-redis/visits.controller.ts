import { Controller, Post } from '@nestjs/common';
import { Runstream } from 'runstream';
import { AppRedis } from './redis.module.js';

@Controller('visits')
export class VisitsController {
  constructor(
    private readonly redis: AppRedis,
    private readonly runs: Runstream,
  ) {}

  /** A key of the application's own, and a run, in the same Redis. */
  @Post()
  async visit() {
    const visits = await this.redis.client.incr('visits');
    const { id } = await this.runs.start({ task: `visit ${visits}` });
    return { visits, run: id };
  }
}
