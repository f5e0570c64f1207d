import { Module } from '@nestjs/common';
import { EventStoreModule } from 'runstream';
import { ApproveSmallChanges } from './approve-small-changes.handler.js';
import { DeployEvents } from './deploy-events.js';
import { DeployExecutor } from './deploy.executor.js';
import { StartSmokeTest } from './start-smoke-test.handler.js';

/** What this application adds: two event types, an executor, and two handlers of their events. */
@Module({
  imports: [EventStoreModule.forFeature(DeployEvents)],
  providers: [DeployExecutor, ApproveSmallChanges, StartSmokeTest],
})
export class DeployModule {}
