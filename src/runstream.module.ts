import { type DynamicModule, Module, type OnModuleInit } from '@nestjs/common';
import { AuthModule, type AuthOptions, CredentialTenantResolver } from './auth/index.js';
import type { TenancyConfig } from './config/index.js';
import { ConsumerMetrics, ConsumerModule, type ConsumerOptions } from './consumer/index.js';
import { EventStoreMetrics, EventStoreModule, type EventStoreOptions } from './event-store/index.js';
import { HealthModule, HealthRegistry } from './health/index.js';
import {
  Admission,
  AdmissionMetrics,
  AdmissionModule,
  type AdmissionOptions,
  EdgeModule,
  type EdgeOptions,
} from './http/index.js';
import { MetricsModule, type MetricsOptions, MetricsRegistry } from './metrics/index.js';
import { OperationsModule } from './operations/index.js';
import { RedisMetrics, RedisModule, type RedisOptions, RedisWatchdog } from './redis/index.js';
import { type ExecutorsOptions, RunsMetrics, RunsModule, type RunsOptions } from './runs/index.js';
import { TENANCY_DEFAULTS, TenancyModule } from './tenancy/index.js';

/** What an application says to have Runstream in it. All but `redis` has defaults. */
export interface RunstreamOptions {
  redis: RedisOptions;
  /** How events are kept. */
  events?: Omit<EventStoreOptions, 'multiTenant'>;
  /** How runs are served over HTTP. */
  runs?: RunsOptions;
  executors?: ExecutorsOptions;
  /** How Runstream's routes are served. */
  http?: EdgeOptions;
  /** How much one process takes on at once. */
  admission?: AdmissionOptions;
  /** How events are handled in groups. */
  consumer?: ConsumerOptions;
  /** Where metrics are served. Default: `GET /metrics` of the application. */
  metrics?: MetricsOptions;
  /** Who may do what. Default: nobody has to prove who they are. */
  auth?: AuthOptions;
  /** Default: off, one tenant. */
  tenancy?: Partial<TenancyConfig>;
}

/**
 * All of Runstream in one import, for the common case. Where parts of it are to be configured on their own, import
 * RedisModule, EventStoreModule, TenancyModule, AuthModule, AdmissionModule, EdgeModule, ConsumerModule and RunsModule
 * instead.
 *
 * ```ts
 * @Module({ imports: [RunstreamModule.forRoot({ redis: { url: 'redis://localhost:6379' } })] })
 * export class AppModule {}
 * ```
 *
 * Its routes have what they need in front of them; what the application has of its own stays as it is.
 *
 * @publicApi
 */
@Module({})
export class RunstreamModule implements OnModuleInit {
  constructor(
    private readonly health: HealthRegistry,
    private readonly redis: RedisWatchdog,
    private readonly metrics: MetricsRegistry,
    private readonly ofRedis: RedisMetrics,
    private readonly ofEvents: EventStoreMetrics,
    private readonly ofConsumers: ConsumerMetrics,
    private readonly ofRuns: RunsMetrics,
    private readonly ofAdmission: AdmissionMetrics,
    private readonly admission: Admission,
  ) {}

  static forRoot(options: RunstreamOptions): DynamicModule {
    const tenancy = { ...TENANCY_DEFAULTS, ...options.tenancy };
    return {
      module: RunstreamModule,
      imports: [
        RedisModule.forRoot(options.redis),
        HealthModule,
        MetricsModule.forRoot(options.metrics),
        AdmissionModule.forRoot(options.admission),
        EdgeModule.forRoot(options.http),
        AuthModule.forRoot(options.auth),
        TenancyModule.forRoot(tenancy, CredentialTenantResolver),
        EventStoreModule.forRoot({ ...options.events, multiTenant: tenancy.enabled }),
        ConsumerModule.forRoot({ ...tenantsOf(tenancy), ...options.consumer }),
        RunsModule.forRoot({ ...options.runs, ...(options.executors && { executors: options.executors }) }),
        OperationsModule,
      ],
    };
  }

  onModuleInit(): void {
    this.health.register({ name: 'redis', check: () => this.redis.probe() });
    this.health.register({
      name: 'capacity',
      check: () =>
        this.admission.isFull ? Promise.reject(new Error('requests or bytes are full')) : Promise.resolve(),
    });
    for (const source of [this.ofRedis, this.ofEvents, this.ofConsumers, this.ofRuns, this.ofAdmission])
      this.metrics.add(source);
  }
}

/**
 * Whose journals and runs there are to look after: with tenancy off all keys are the one tenant's, whatever tenants the
 * same Redis has served before.
 */
function tenantsOf({
  enabled,
  defaultTenantId,
  allowedTenants,
}: TenancyConfig): Pick<ConsumerOptions, 'tenants'> {
  if (!enabled) return { tenants: [defaultTenantId] };
  return allowedTenants === '*' ? {} : { tenants: allowedTenants };
}
