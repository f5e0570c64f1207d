import {
  type ConfigurableModuleAsyncOptions,
  ConfigurableModuleBuilder,
  type DynamicModule,
  Global,
  Module,
  type OnModuleInit,
} from '@nestjs/common';
import { AuthModule, CredentialTenantResolver } from './auth/index.js';
import { type TenancyConfig } from './config/index.js';
import { ConsumerMetrics, ConsumerModule } from './consumer/index.js';
import { EventStoreMetrics, EventStoreModule } from './event-store/index.js';
import { HealthModule, HealthRegistry } from './health/index.js';
import { Admission, AdmissionMetrics, AdmissionModule, EdgeModule } from './http/index.js';
import { LimitsMetrics, LimitsModule } from './limits/index.js';
import { MetricsModule, MetricsRegistry } from './metrics/index.js';
import { OperationsModule, TenantsModule } from './operations/index.js';
import { RedisMetrics, RedisModule, RedisWatchdog } from './redis/index.js';
import { ExecutorsModule } from './dispatch/index.js';
import { RunsMetrics, RunsModule } from './runs/index.js';
import {
  checkedOptions,
  type RunstreamModuleExtras,
  type RunstreamOptions,
  type RunstreamRoutes,
} from './runstream-options.js';
import { TENANCY_DEFAULTS, TenancyModule } from './tenancy/index.js';

/** The options, checked: what each part takes of them. */
const RUNSTREAM_OPTIONS = Symbol('RUNSTREAM_OPTIONS');

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<RunstreamOptions>({
  moduleName: 'Runstream',
})
  .setClassMethodName('forRoot')
  .setExtras<RunstreamModuleExtras>({ routes: {} }, (definition, { routes = {} }) => ({
    ...definition,
    imports: [...(definition.imports ?? []), ...parts(routes)],
  }))
  .build();

/**
 * All of Runstream in one import, for the common case:
 *
 * ```ts
 * @Module({
 *   imports: [
 *     RunstreamModule.forRootAsync({
 *       inject: [ConfigService],
 *       useFactory: (config: ConfigService) => ({ redis: { url: config.getOrThrow('REDIS_URL') } }),
 *     }),
 *     RunstreamModule.forFeature({ types: ['build.*'] }),
 *   ],
 * })
 * export class AppModule {}
 * ```
 *
 * `Runstream`, and what else its parts export, can be injected in every module of the application.
 *
 * Its routes have what they need in front of them; what the application has of its own stays as it is. Where parts of it
 * are to be configured on their own, import RedisModule, EventStoreModule, TenancyModule, RunstreamAuthModule, AdmissionModule,
 * EdgeModule, ConsumerModule and RunsModule instead.
 *
 * The start is refused with one sentence for each option that is wrong (ConfigError).
 *
 * @publicApi
 */
@Global()
@Module({
  providers: [{ provide: RUNSTREAM_OPTIONS, inject: [MODULE_OPTIONS_TOKEN], useFactory: checkedOptions }],
  exports: [RUNSTREAM_OPTIONS, RunsModule],
})
export class RunstreamModule extends ConfigurableModuleClass implements OnModuleInit {
  constructor(
    private readonly health: HealthRegistry,
    private readonly redis: RedisWatchdog,
    private readonly metrics: MetricsRegistry,
    private readonly ofRedis: RedisMetrics,
    private readonly ofEvents: EventStoreMetrics,
    private readonly ofConsumers: ConsumerMetrics,
    private readonly ofRuns: RunsMetrics,
    private readonly ofAdmission: AdmissionMetrics,
    private readonly ofLimits: LimitsMetrics,
    private readonly admission: Admission,
  ) {
    super();
  }

  static override forRoot({
    routes = {},
    ...options
  }: RunstreamOptions & RunstreamModuleExtras): DynamicModule {
    // Where nobody has to prove who they are, what they make must not let them in later.
    const hasKeys = options.auth?.mode === 'api-key';
    const { keys = false, metrics = false } = routes;
    return super.forRoot({
      ...options,
      routes: {
        ...routes,
        keys: keys && hasKeys,
        metrics: metrics && options.metrics?.port === undefined,
      },
    });
  }

  static override forRootAsync(
    options: ConfigurableModuleAsyncOptions<RunstreamOptions> & RunstreamModuleExtras,
  ): DynamicModule {
    return super.forRootAsync(options);
  }

  /** Event types of the module that imports it. */
  static forFeature(feature: Parameters<typeof EventStoreModule.forFeature>[0]): DynamicModule {
    return EventStoreModule.forFeature(feature);
  }

  onModuleInit(): void {
    this.health.register({ name: 'redis', check: () => this.redis.probe() });
    this.health.register({
      name: 'capacity',
      check: () =>
        this.admission.isFull ? Promise.reject(new Error('requests or bytes are full')) : Promise.resolve(),
    });
    const { ofRedis, ofEvents, ofConsumers, ofRuns, ofAdmission, ofLimits } = this;
    for (const source of [ofRedis, ofEvents, ofConsumers, ofRuns, ofAdmission, ofLimits])
      this.metrics.add(source);
  }
}

/** The modules that it consists of, each with its part of the options. */
function parts(routes: RunstreamRoutes): DynamicModule[] {
  const { runs, events, executors, consumers = true, keys = false, session = false } = routes;
  const { metrics = false, health = false, tenants = false } = routes;
  return [
    RedisModule.forRootAsync(of(({ redis }) => redis)),
    LimitsModule.forRootAsync(of(({ limits = {} }) => limits)),
    HealthModule.forRoot({ route: health }),
    MetricsModule.forRootAsync({ ...of((options) => options.metrics ?? {}), route: metrics }),
    AdmissionModule.forRootAsync(of(({ admission = {} }) => admission)),
    EdgeModule.forRootAsync(of(({ http = {} }) => http)),
    AuthModule.forRootAsync({ ...of(({ auth = {} }) => auth), routes: { keys, session } }),
    TenancyModule.forRootAsync({
      ...of(({ tenancy = {} }) => tenancy),
      resolver: CredentialTenantResolver,
    }),
    EventStoreModule.forRootAsync(
      of((options) => ({ ...options.events, multiTenant: options.tenancy?.enabled ?? false })),
    ),
    ConsumerModule.forRootAsync(
      of(({ tenancy, consumer }) => ({ ...tenantsOf({ ...TENANCY_DEFAULTS, ...tenancy }), ...consumer })),
    ),
    RunsModule.forRootAsync({
      ...of((options) => options.runs ?? {}),
      routes: {
        ...(runs !== undefined && { runs }),
        ...(events !== undefined && { events }),
        ...(executors !== undefined && { executors }),
      },
      executors: ExecutorsModule.forRootAsync(of(({ executors = {} }) => executors)),
    }),
    ...(consumers ? [{ module: OperationsModule }] : []),
    ...(tenants ? [{ module: TenantsModule }] : []),
  ];
}

/** One part of the options, for the factory of a module. */
function of<Part>(take: (options: RunstreamOptions) => Part): {
  inject: [symbol];
  useFactory: (options: RunstreamOptions) => Part;
} {
  return { inject: [RUNSTREAM_OPTIONS], useFactory: take };
}

/**
 * Whose journals and runs there are to look after: with tenancy off all keys are the one tenant's, whatever tenants the
 * same Redis has served before.
 */
function tenantsOf({ enabled, defaultTenantId, allowedTenants }: TenancyConfig): {
  tenants?: readonly string[];
} {
  if (!enabled) return { tenants: [defaultTenantId] };
  return allowedTenants === '*' ? {} : { tenants: allowedTenants };
}
