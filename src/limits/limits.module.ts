import { Global, Module } from '@nestjs/common';
import { configurableModule } from '../config/index.js';
import { LimitRefusals } from './limit-refusals.js';
import { LimitsMetrics } from './limits-metrics.js';
import { LIMITS_OPTIONS, type LimitsOptions } from './limits-options.js';
import { RequestQuota } from './request-quota.js';
import { StreamQuota } from './stream-quota.js';
import { TenantLimits } from './tenant-limits.js';

const { ConfigurableModule, options } = configurableModule<LimitsOptions>('limits', LIMITS_OPTIONS);

/** What one tenant may take of the deployment as a whole. Without it there are no limits of tenants. @publicApi */
@Global()
@Module({
  providers: [options, LimitRefusals, LimitsMetrics, TenantLimits, RequestQuota, StreamQuota],
  exports: [LIMITS_OPTIONS, LimitsMetrics, TenantLimits, RequestQuota, StreamQuota],
})
export class LimitsModule extends ConfigurableModule {}
