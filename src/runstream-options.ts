import type { Type } from '@nestjs/common';
import type { AuthOptions } from './auth/index.js';
import { checkGroup, ConfigError, type SettingGroup, SETTINGS } from './config/index.js';
import type { ConsumerOptions } from './consumer/index.js';
import type { EventStoreOptions } from './event-store/index.js';
import type { AdmissionOptions, EdgeOptions } from './http/index.js';
import type { LimitsOptions } from './limits/index.js';
import type { MetricsOptions } from './metrics/index.js';
import type { RedisOptions } from './redis/index.js';
import type { ExecutorsOptions } from './executors/index.js';
import type { RunsOptions } from './runs/index.js';
import type { TenancyOptions } from './tenancy/index.js';

/** What an application says to have Runstream in it. All but `redis` has defaults; docs/configuration.md lists them. @publicApi */
export interface RunstreamOptions {
  redis: RedisOptions;
  /** How events are kept. */
  events?: Omit<EventStoreOptions, 'multiTenant'>;
  /** How runs are served over HTTP, and looked after. */
  runs?: RunsOptions;
  executors?: ExecutorsOptions;
  /** How Runstream's routes are served. */
  http?: EdgeOptions;
  /** How much one process takes on at once. */
  admission?: AdmissionOptions;
  /** What one tenant may take of the deployment as a whole. */
  limits?: LimitsOptions;
  /** How events are handled in groups. */
  consumer?: ConsumerOptions;
  /** Where metrics are served. */
  metrics?: MetricsOptions;
  /** Who may do what. Default: nobody has to prove who they are. */
  auth?: AuthOptions;
  /** Default: off, one tenant. */
  tenancy?: TenancyOptions;
}

/** Which groups of routes an application has. @publicApi */
export interface RunstreamRoutes {
  /** `/runs`. Default true. */
  runs?: boolean;
  /** `/runs/:run_id/events`, `/events` and stream tickets. Default true. */
  events?: boolean;
  /** `/executors`. Default true. */
  executors?: boolean;
  /** `/consumers` and `/dead-letters`. Default true. */
  consumers?: boolean;
  /** `/keys`, with the mode `api-key`. Default false. */
  keys?: boolean;
  /** `/tenants/:tenant/limits`: what each tenant may take. Default false. */
  tenants?: boolean;
  /** `/session`: who is signed in, and how pages sign in. Default false. */
  session?: boolean;
  /** `/metrics`, unless metrics have a port of their own. Default false. */
  metrics?: boolean;
  /** `/health/live` and `/health/ready`. Default false. */
  health?: boolean;
}

/** What must be known before the application is made: beside a factory, never in what it returns. @publicApi */
export interface RunstreamModuleExtras {
  routes?: RunstreamRoutes;
}

/** All routes that there are: those of the service. @publicApi */
export const ALL_ROUTES: Required<RunstreamRoutes> = {
  runs: true,
  events: true,
  executors: true,
  consumers: true,
  keys: true,
  tenants: true,
  session: true,
  metrics: true,
  health: true,
};

/** Makes the options: for `forRootAsync({ useClass })`. @publicApi */
export interface RunstreamOptionsFactory {
  create(): RunstreamOptions | Promise<RunstreamOptions>;
}

export type RunstreamOptionsClass = Type<RunstreamOptionsFactory>;

/**
 * Checks all options at once, so that one start names every mistake.
 *
 * @throws ConfigError
 */
export function checkedOptions(given: RunstreamOptions): RunstreamOptions {
  if (typeof given !== 'object' || given === null)
    throw new ConfigError(['The options of RunstreamModule must be an object with at least redis.']);
  const groups = Object.keys(SETTINGS) as SettingGroup[];
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(SETTINGS, name));
  const problems = [
    ...unknown.map((name) =>
      name === 'routes' || name === 'imports'
        ? `${name} must stand beside useFactory, not in what it returns: it is needed before that is called.`
        : `There is no option "${name}": there are ${groups.join(', ')}.`,
    ),
    ...groups.flatMap((group) => {
      const options = given[group];
      if (options === undefined && group !== 'redis') return [];
      return checkGroup(group, options ?? {}).wrong;
    }),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  return given;
}
