import { Module } from '@nestjs/common';
import { RunstreamModule } from 'runstream';
import { RedisFactory, RedisModule } from './redis.module.js';
import { VisitsController } from './visits.controller.js';

@Module({
  imports: [
    RedisModule,
    RunstreamModule.forRootAsync({
      inject: [RedisFactory],
      useFactory: (factory: RedisFactory) => ({
        // Called for each connection that Runstream needs, with the options that this one must have.
        redis: { connect: (_purpose, options) => factory.make(options) },
      }),
    }),
  ],
  controllers: [VisitsController],
})
export class AppModule {}
