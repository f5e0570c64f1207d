import { Module } from '@nestjs/common';
import { ConsumersController } from './consumers.controller.js';
import { DeadLettersController } from './dead-letters.controller.js';
import { OverviewController } from './overview.controller.js';

/**
 * `/consumers` and `/dead-letters`: the consumer groups of a tenant, and in sum over all, as operators see
 * them. It needs ConsumerModule
 * and TenancyModule at the root.
 *
 * @publicApi
 */
@Module({ controllers: [OverviewController, ConsumersController, DeadLettersController] })
export class OperationsModule {}
