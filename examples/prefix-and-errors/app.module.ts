import { Module } from '@nestjs/common';
import { RunstreamModule } from 'runstream';
import { OrdersController } from './orders.controller.js';

@Module({
  imports: [RunstreamModule.forRoot({ redis: { url: process.env.REDIS_URL ?? 'redis://localhost:6379' } })],
  controllers: [OrdersController],
})
export class AppModule {}
