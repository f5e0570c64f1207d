import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Redis, type RedisOptions as IoredisOptions } from 'ioredis';
import { setLongTimeout } from '../common/index.js';
import { ConfigError } from '../config/index.js';
import { GatheringRedis } from './gathering-redis.js';
import { redisCall } from './redis-error.js';
import { REDIS_DEFAULTS, REDIS_OPTIONS, type RedisOptions, type RedisPurpose } from './redis-options.js';
import { checkServer } from './server-check.js';

/** Within this time all processes that live have found Redis again. */
export const MAX_RECONNECT_DELAY_MS = 1000;

/**
 * The connections of one process, one for each purpose, since each has its own idea of what an outage means:
 *
 * - `commands`: fails at once while Redis is away. Nothing is queued and nothing is sent twice: whoever asked
 *   knows best whether to ask again (an append carries idempotency keys for that). What is asked in one turn of the
 *   event loop is written at once.
 * - `reads`: what brings much at once (BulkReads), so that nothing small ever stands behind it.
 * - `subscriber`: pub/sub only. When it is `ready` again its user subscribes again, since ioredis forgets what was
 *   on its way when the connection broke, and reads from the log what it missed.
 *
 * @publicApi
 */
@Injectable()
export class RedisConnections implements OnModuleInit, OnApplicationShutdown {
  readonly commands: Redis;
  readonly reads: Redis;
  readonly subscriber: Redis;
  private readonly logger = new Logger('Redis');
  private readySince = 0;
  private started: Promise<void> | undefined;
  private wasAway = false;
  private inTrouble = false;
  readonly commandTimeoutMs: number;

  constructor(@Inject(REDIS_OPTIONS) private readonly options: RedisOptions) {
    this.commandTimeoutMs = options.commandTimeoutMs ?? REDIS_DEFAULTS.commandTimeoutMs;
    this.commands = this.connect(
      'commands',
      // What is on its way when the connection breaks fails then, and not only when its time is up.
      { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: this.commandTimeoutMs },
      GatheringRedis,
    );
    // Its users have time limits of their own, which begin when a command is written.
    this.reads = this.connect('reads', { enableOfflineQueue: false, maxRetriesPerRequest: 0 });
    this.subscriber = this.connect('subscriber', { maxRetriesPerRequest: null, autoResubscribe: false });
    this.commands.on('ready', () => {
      this.readySince = Date.now();
      void this.checkServer();
    });
    this.commands.on('close', () => {
      this.wasAway = true;
    });
  }

  /** A channel's name on the server, where pub/sub knows neither databases nor prefixes. */
  channel(name: string): string {
    const database = this.commands.options.db ?? 0;
    return `${this.options.keyPrefix ?? ''}${name}${database === 0 ? '' : `:${database}`}`;
  }

  onModuleInit(): Promise<void> {
    return this.start();
  }

  /**
   * Connects, once. Waits for the server, but not for ever: a service that starts during an outage says so and goes on
   * trying.
   */
  start(): Promise<void> {
    return (this.started ??= this.connectAll());
  }

  private async connectAll(): Promise<void> {
    for (const connection of [this.commands, this.reads, this.subscriber])
      connection.connect().catch(ignoreFirstFailure);
    const ready = [this.commands, this.reads].map((one) => this.isReady(one, this.commandTimeoutMs));
    if (!(await Promise.all(ready)).every(Boolean)) {
      this.logger.warn('Redis does not answer yet: starting without it, requests get 503 until it does.');
    }
  }

  /** To be told of an outage that no connection shows, as of a frozen server; it lasts until `noteRecovery()`. */
  noteTrouble(): void {
    this.wasAway = true;
    this.inTrouble = true;
  }

  noteRecovery(): void {
    this.inTrouble = false;
    this.readySince = Date.now();
  }

  /** For how long Redis has been there without an outage, in milliseconds; 0 while it is away. */
  get connectedForMs(): number {
    return this.commands.status === 'ready' && !this.inTrouble ? Date.now() - this.readySince : 0;
  }

  /**
   * Whether everybody has had Redis for so many milliseconds, as far as this process and the server itself know: only
   * then does it mean anything that somebody gave no sign of life. It counts from when the last of them has found Redis
   * again, and not from when this process has. A process that has just started, and met no outage, takes the server's
   * word.
   *
   * @throws RedisUnavailableError
   */
  async hasBeenSteadyFor(ms: number): Promise<boolean> {
    const enough = ms + MAX_RECONNECT_DELAY_MS;
    if (this.wasAway && this.connectedForMs < enough) return false;
    const info = await redisCall(this.commands.info('server'));
    return Number(/^uptime_in_seconds:(\d+)/m.exec(info)?.[1] ?? 0) * 1000 >= enough;
  }

  /** @throws RedisUnavailableError */
  async ping(): Promise<void> {
    await redisCall(this.commands.ping());
  }

  /** Runs after every module has drained (Nest calls modules' hooks from the outside in). */
  onApplicationShutdown(): void {
    this.disconnect();
  }

  /** Ends all connections, for good. */
  disconnect(): void {
    for (const connection of [this.subscriber, this.reads, this.commands]) {
      // ioredis would wait two seconds for the end of one that has ended.
      if (connection.status !== 'end') connection.disconnect();
    }
  }

  private connect(purpose: RedisPurpose, special: IoredisOptions, Connection = Redis): Redis {
    const { url, options, connect, keyPrefix } = this.options;
    const needed: IoredisOptions = {
      lazyConnect: true,
      connectionName: `runstream-${purpose}`,
      connectTimeout: this.commandTimeoutMs,
      autoResendUnfulfilledCommands: false,
      retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 6), MAX_RECONNECT_DELAY_MS) * jitter(),
      ...special,
      // The names of channels are whole (channel()).
      ...(keyPrefix !== undefined && purpose !== 'subscriber' && { keyPrefix }),
    };
    const connection = connect
      ? connect(purpose, needed)
      : url === undefined
        ? new Connection({ ...options, ...needed })
        : new Connection(url, needed);
    assertUsable(connection, needed);
    // Without a listener ioredis prints every failed attempt; one line for each change of state is enough.
    connection.on('error', () => undefined);
    return connection;
  }

  private isReady(connection: Redis, timeoutMs: number): Promise<boolean> {
    if (connection.status === 'ready') return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (ready: boolean) => {
        timer.cancel();
        connection.off('ready', onReady);
        resolve(ready);
      };
      const onReady = () => {
        settle(true);
      };
      const timer = setLongTimeout(() => {
        settle(false);
      }, timeoutMs);
      connection.on('ready', onReady);
    });
  }

  private async checkServer(): Promise<void> {
    try {
      for (const warning of await checkServer(this.commands)) this.logger.warn(warning);
    } catch (error) {
      this.logger.warn(`The server's version and settings could not be checked: ${String(error)}`);
    }
  }
}

/**
 * With a prefix that only ioredis knows of, channels are not called as scripts call them, and nothing arrives live.
 *
 * @throws ConfigError for a client that is not as it must be
 */
function assertUsable(client: Redis, needed: IoredisOptions): void {
  const names = Object.keys(needed) as (keyof IoredisOptions)[];
  const ignored = names.filter((name) => name !== 'keyPrefix' && client.options[name] !== needed[name]);
  const problems = [
    ...((client.options.keyPrefix || undefined) === needed.keyPrefix
      ? []
      : ['redis: keyPrefix is for Runstream to know: set redis.keyPrefix, not that of a client.']),
    ...(ignored.length > 0
      ? [`redis.connect must make its client with the options it is given: ${ignored.join(', ')} are others.`]
      : []),
  ];
  if (problems.length === 0) return;
  client.on('error', () => undefined);
  client.disconnect();
  throw new ConfigError(problems);
}

function ignoreFirstFailure(): void {
  // The retry strategy goes on, and RedisWatchdog logs the state.
}

/** Spreads the reconnects of many instances: between 0.5 and 1. */
function jitter(): number {
  return 0.5 + Math.random() / 2;
}
