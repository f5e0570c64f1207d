import { Module } from '@nestjs/common';
import { RunstreamModule } from 'runstream';
import { ChargeOrder } from './charge-order.handler.js';
import { OrderEvents } from './order-events.js';
import { PaymentsController } from './payments.controller.js';
import { PaymentsService } from './payments.service.js';

@Module({
  imports: [
    RunstreamModule.forRoot({ redis: { url: process.env.REDIS_URL ?? 'redis://localhost:6379' } }),
    RunstreamModule.forFeature(OrderEvents),
  ],
  controllers: [PaymentsController],
  providers: [ChargeOrder, PaymentsService],
})
export class AppModule {}
