import { Module } from '@nestjs/common';
import { EventStoreModule } from 'runstream';
import { ApproveSmallChanges } from './approve-small-changes.handler.js';
import { DeployExecutor } from './deploy.executor.js';
import { StartSmokeTest } from './start-smoke-test.handler.js';

/** What this application adds: two event types, an executor, and two handlers of their events. */
@Module({
  imports: [EventStoreModule.forFeature({ types: ['deploy.planned', 'deploy.shipped'] })],
  providers: [DeployExecutor, ApproveSmallChanges, StartSmokeTest],
})
export class DeployModule {}
