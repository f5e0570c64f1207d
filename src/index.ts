/**
 * What applications may rely on. Everything else is Runstream's own and may change at any time.
 * `npm run lint` holds that each name is described and marked, and that nothing marked is missing here.
 */

// The module, and its parts.
export { configureRunstream } from './configure-runstream.js';
export { optionsFromEnv } from './options-from-config.js';
export { RunstreamModule } from './runstream.module.js';
export {
  ALL_ROUTES,
  type RunstreamModuleExtras,
  type RunstreamOptions,
  type RunstreamOptionsFactory,
  type RunstreamRoutes,
} from './runstream-options.js';
export {
  type AuthOptions,
  type AuthRoutes,
  CredentialTenantResolver,
  type JwtOptions,
  // Many applications have an AuthModule.
  AuthModule as RunstreamAuthModule,
} from './auth/index.js';
export { ConfigError } from './config/index.js';
export { ConsumerModule, type ConsumerOptions } from './consumer/index.js';
export { EventStoreModule, type EventStoreOptions } from './event-store/index.js';
export { HealthModule, type HealthRoutes } from './health/index.js';
export {
  AdmissionModule,
  type AdmissionOptions,
  type ConfigureOptions,
  EdgeModule,
  type EdgeOptions,
  setupDocs,
} from './http/index.js';
export { LimitsModule, type LimitsOptions } from './limits/index.js';
export { MetricsModule, type MetricsOptions, type MetricsRoutes } from './metrics/index.js';
export { OperationsModule } from './operations/index.js';
export { DashboardModule, type DashboardOptions } from './dashboard/index.js';
export {
  RedisConnections,
  RedisModule,
  type RedisClusterOptions,
  type RedisOptions,
  type RedisPurpose,
} from './redis/index.js';
export { ExecutorsModule } from './dispatch/index.js';
export type { ExecutorsOptions } from './executors/index.js';
export { type RunRoutes, RunsModule, type RunsModuleExtras, type RunsOptions } from './runs/index.js';
export { TenancyModule, type TenancyOptions } from './tenancy/index.js';

// Clients of other ecosystems.
export { AdaptersModule, type AdaptersOptions } from './adapters/index.js';

// Runs from code.
export {
  type HistoryOptions,
  type HistoryPage,
  type ListRunsOptions,
  RunOperations,
  Runstream,
  type RunToStart,
  type RunUpdate,
  type WaitOptions,
  type WatchRunOptions,
} from './runs/index.js';
export type { AppendResult, Gap, RunHolder, RunListPage, RunRecord } from './event-store/index.js';

// Events, and what they hold. An application adds to this interface, which only `export *` lets it.
export * from './events/typed/runstream-events.js';
export {
  type BuiltInEvents,
  type CloudEvent,
  type DefinedEvents,
  defineEvents,
  type EmitOptions,
  event,
  type EventAction,
  type EventCategory,
  type EventContext,
  type EventData,
  type EventDataInput,
  type EventDefinition,
  type EventDefinitions,
  type EventsOf,
  type EventToAppend,
  type EventType,
  isEvent,
  type JsonObject,
  type JsonObjectInput,
  type RecordedEvent,
  type RunContext,
  type RunStatus,
  type TerminalStatus,
  type TypesOf,
  type UntypedEvent,
  toCloudEvent,
} from './events/index.js';

// Handlers and executors.
export {
  type BackoffOptions,
  type Claim,
  type ClaimOptions,
  type ClaimToken,
  EventHandler,
  type Handler,
  type HandlerContext,
  type HandlerOptions,
  HandlerResult,
  type IdempotencyKey,
  IdempotencyTracker,
  type StartRun,
} from './consumer/index.js';
export {
  type AbortReason,
  type Executor,
  ExecutorRegistry,
  RunAbortedError,
  type RunExecution,
  RunExecutor,
  type RunExecutorOptions,
  RunFailedError,
  type WaitForOptions,
  WaitTimeoutError,
} from './executors/index.js';

// Groups, as operators see them.
export {
  type DeadLetter,
  type DeadLetterFilter,
  DeadLetters,
  GroupCatalog,
  GroupControl,
  type GroupInfo,
  PendingEntries,
  type PendingEntry,
  type PendingState,
} from './consumer/index.js';

// Routes of an application with the same edge.
export {
  // A credential's scope; dependency injection has scopes, too.
  type Scope as AccessScope,
  ApiKeys,
  Audited,
  type OwnPrincipal,
  type Principal,
  type PrincipalOf,
  // Many applications have a decorator @Public().
  Public as PublicRoute,
  type RequestAuthenticator,
  RequireScope,
  SCOPES,
} from './auth/index.js';
export {
  AcceptsBody,
  AllTenants,
  AlwaysAdmitted,
  ApiErrors,
  ApiQueryOf,
  type BodyRule,
  DocumentPart,
  isRunstreamRoute,
  QueryInteger,
  type QueryIntegerOptions,
  readJson,
  readQuery,
} from './http/index.js';
export {
  assertTenantId,
  HeaderTenantResolver,
  isTenantId,
  Tenant,
  TenantContext,
  TenantResolver,
} from './tenancy/index.js';

// Health and metrics.
export { type HealthIndicator, HealthRegistry, type HealthReport, RunstreamHealth } from './health/index.js';
export { MetricsRegistry, type MetricSource } from './metrics/index.js';

// Errors.
export { UnauthorizedError } from './auth/index.js';
export {
  DeadLetterNotFoundError,
  type ErrorCode,
  EventTooLargeError,
  GroupInUseError,
  ExecutorNotFoundError,
  GroupNotFoundError,
  LeaseLostError,
  IdempotencyConflictError,
  InvalidEventIdError,
  OverloadedError,
  NotReplicatedError,
  RedisUnavailableError,
  RunEndedError,
  RunExpiredError,
  RunHasExecutorError,
  RunNotFoundError,
  RunstreamError,
  SequenceConflictError,
  TenantLimitError,
  UnknownEventTypeError,
  ValidationFailedError,
  type Violation,
} from './common/index.js';
