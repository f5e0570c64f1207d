import { Follow, type FollowOptions, type PositionOptions } from './follow/follow.js';
import { type ClientOptions, Http } from './http/http.js';
import { ConsumerRoutes } from './routes/consumers.js';
import { DeadLetterRoutes } from './routes/dead-letters.js';
import { EventRoutes } from './routes/events.js';
import { ExecutorRoutes } from './routes/executors.js';
import { HealthRoutes } from './routes/health.js';
import { KeyRoutes } from './routes/keys.js';
import { path } from './routes/routes.js';
import { RunRoutes } from './routes/runs.js';
import { SessionRoutes } from './routes/session.js';
import { TenantRoutes } from './routes/tenants.js';
import { type AppendOptions, RunWriter } from './writer.js';

export interface FollowAllOptions extends PositionOptions {
  /** Only these runs, 100 at most. Default: all. */
  runIds?: readonly string[];
}

/** A Runstream service, from outside. It opens nothing by itself, and needs no closing. */
export class RunstreamClient {
  readonly runs: RunRoutes;
  readonly events: EventRoutes;
  readonly executors: ExecutorRoutes;
  readonly consumers: ConsumerRoutes;
  readonly deadLetters: DeadLetterRoutes;
  readonly keys: KeyRoutes;
  readonly tenants: TenantRoutes;
  readonly session: SessionRoutes;
  readonly health: HealthRoutes;
  private readonly http: Http;

  constructor(options: ClientOptions) {
    this.http = new Http(options);
    this.runs = new RunRoutes(this.http);
    this.events = new EventRoutes(this.http);
    this.executors = new ExecutorRoutes(this.http);
    this.consumers = new ConsumerRoutes(this.http);
    this.deadLetters = new DeadLetterRoutes(this.http);
    this.keys = new KeyRoutes(this.http);
    this.tenants = new TenantRoutes(this.http);
    this.session = new SessionRoutes(this.http);
    this.health = new HealthRoutes(this.http);
  }

  /** The log of a run, from where you say to its end. */
  follow(runId: string, options: FollowOptions = {}): Follow {
    return new Follow(this.http, { path: path`/runs/${runId}/events`, hasHoles: false }, options);
  }

  /** The journal of the tenant: the events of all its runs. Its cursors are its own, and it has no end. */
  followAll({ runIds, ...options }: FollowAllOptions = {}): Follow {
    const query = { run_id: runIds?.join(',') };
    return new Follow(this.http, { path: '/events', query, hasHoles: true }, options);
  }

  /** A writer for a run that nobody else executes, or that you have claimed. */
  append(runId: string, options: AppendOptions = {}): RunWriter {
    return new RunWriter(this.http, path`/runs/${runId}/events/ndjson`, options);
  }
}
