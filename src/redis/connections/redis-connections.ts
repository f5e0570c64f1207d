import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { setLongTimeout } from '../../common/index.js';
import { ConfigError } from '../../config/index.js';
import { redisCall } from '../redis-error.js';
import { REDIS_DEFAULTS, REDIS_OPTIONS, type RedisOptions } from '../redis-options.js';
import { AppendReplication } from './append-replication.js';
import { readClock } from './clock.js';
import { gatherWrites } from './gather-writes.js';
import { ClusterLinks, LiveChannels, SingleLink } from './live-channels.js';
import {
  makeClient,
  makeRedis,
  MAX_RECONNECT_DELAY_MS,
  subscriberOptions,
  topologyOf,
} from './make-client.js';
import { isCluster, type RedisClient, type RedisTopology } from './redis-client.js';
import { sentinelConnector } from './sentinel-connector.js';
import { checkServers, topologyProblem } from './server-check.js';
import { type Shard, Shards } from './shards.js';

/** How long appends wait for replicas. */
const WAIT_MS = REDIS_DEFAULTS.appendReplicasTimeoutMs;
/** Between a client's end that nobody asked for and its next beginning. */
const AGAIN_AFTER_MS = 100;

/**
 * The connections of one process, one for each purpose, since each has its own idea of what an outage means; in a cluster
 * each of them is one to every master.
 *
 * - `commands`: fails at once while Redis is away. Nothing is queued and nothing is sent twice: whoever asked
 *   knows best whether to ask again (an append carries idempotency keys for that). What is asked in one turn of the
 *   event loop is written at once.
 * - `reads`: what brings much at once (BulkReads), so that nothing small ever stands behind it.
 * - `channels`: pub/sub only.
 *
 * @publicApi
 */
@Injectable()
export class RedisConnections implements OnModuleInit, OnApplicationShutdown {
  readonly topology: RedisTopology;
  readonly commands: RedisClient;
  readonly reads: RedisClient;
  /** What appends go over: `commands`, unless they wait for replicas. */
  readonly appends: RedisClient;
  readonly channels: LiveChannels;
  readonly shards: Shards;
  readonly commandTimeoutMs: number;
  private readonly logger = new Logger('Redis');
  private readonly readyListeners = new Set<() => void>();
  private started: Promise<void> | undefined;
  private hasStarted = false;
  private problem: ConfigError | undefined;
  private readonly replacedListeners = new Set<(shard: Shard) => void>();
  /** Undefined while appends wait for nobody. */
  readonly replication: AppendReplication | undefined;
  private isOver = false;
  /** Sentinels that can not be reached, by their addresses. */
  private readonly sentinelsAway = new Set<string>();

  constructor(@Inject(REDIS_OPTIONS) private readonly options: RedisOptions) {
    const timeoutMs = options.commandTimeoutMs ?? REDIS_DEFAULTS.commandTimeoutMs;
    this.commandTimeoutMs = timeoutMs;
    this.topology = topologyOf(options);
    const bySentinels = this.topology === 'sentinel' && { Connector: sentinelConnector(this.noteSentinel) };
    const atOnce = { enableOfflineQueue: false, maxRetriesPerRequest: 0, ...bySentinels };
    this.commands = makeClient(options, 'commands', { ...atOnce, commandTimeout: timeoutMs }, timeoutMs);
    // Its users have time limits of their own, which begin when a command is written.
    this.reads = makeClient(options, 'reads', atOnce, timeoutMs);
    // The names of channels are whole (channel()), whatever the prefix of keys.
    const forChannels = { ...subscriberOptions(timeoutMs), ...bySentinels };
    this.channels = new LiveChannels(
      isCluster(this.commands)
        ? new ClusterLinks(this.commands, forChannels)
        : new SingleLink(makeRedis(options, 'subscriber', forChannels)),
    );
    this.shards = new Shards(this.commands, this.topology === 'single');
    const { appendMinReplicas: replicas = 0, appendReplicasTimeoutMs: waitMs = WAIT_MS } = options;
    this.appends = this.commands;
    if (replicas > 0) {
      this.appends = makeClient(
        options,
        'commands',
        { ...atOnce, commandTimeout: timeoutMs + waitMs },
        timeoutMs,
      );
      this.replication = new AppendReplication(this.appends, this.shards, replicas, waitMs);
    }
    for (const client of this.clients()) eachConnection(client, gatherWrites);
    if (this.topology === 'sentinel') this.keepAlive([...this.clients(), ...this.channels.links.all()]);
    this.commands.on('ready', this.onReady);
    this.commands.on(isCluster(this.commands) ? 'node error' : 'error', this.onError);
  }

  /** A channel's name on the server, where pub/sub knows neither databases nor prefixes. */
  channel(name: string): string {
    const database = isCluster(this.commands) ? 0 : (this.commands.options.db ?? 0);
    return `${this.options.keyPrefix ?? ''}${name}${database === 0 ? '' : `:${database}`}`;
  }

  onModuleInit(): Promise<void> {
    return this.start();
  }

  /**
   * Connects, once. Waits for the server, but not for ever: a service that starts during an outage says so and goes on
   * trying.
   *
   * @throws ConfigError when what answers there is of another kind than the one that is configured
   */
  start(): Promise<void> {
    return (this.started ??= this.connectAll());
  }

  private async connectAll(): Promise<void> {
    for (const client of [...this.clients(), ...this.channels.links.all()])
      client.connect().catch(ignoreFirstFailure);
    const ready = this.clients().map((one) => this.isReady(one, this.commandTimeoutMs));
    if ((await Promise.all(ready)).every(Boolean)) await this.check();
    if (this.problem) throw this.problem;
    this.hasStarted = true;
    if (!this.isConnected)
      this.logger.warn('Redis does not answer yet: starting without it, requests get 503 until it does.');
  }

  /** Whether commands can be sent, as far as is known. */
  get isConnected(): boolean {
    return this.commands.status === 'ready';
  }

  /** Calls `listener` whenever a server is there again, until what it returns is called. */
  whenReady(listener: () => void): () => void {
    this.readyListeners.add(listener);
    return () => this.readyListeners.delete(listener);
  }

  /** To be called for a shard that answers again. */
  noteReady(): void {
    for (const listener of this.readyListeners) listener();
  }

  /**
   * Calls `listener` for a shard where another server has taken over, or the same was started anew, until what it returns
   * is called.
   */
  whenReplaced(listener: (shard: Shard) => void): () => void {
    this.replacedListeners.add(listener);
    return () => this.replacedListeners.delete(listener);
  }

  /** To be called for a shard that may have another server now. @throws RedisUnavailableError */
  async identify(shard: Shard): Promise<void> {
    if (!shard.node) return;
    const info = await redisCall(shard.node.info('server', 'replication'));
    const of = (name: string): string => new RegExp(`^${name}:(\\w+)`, 'm').exec(info)?.[1] ?? '';
    const server = `${of('run_id')} ${of('master_replid')}`;
    const before = shard.server;
    shard.server = server;
    shard.isUnidentified = false;
    if (before !== undefined && before !== server)
      for (const listener of this.replacedListeners) listener(shard);
  }

  /**
   * Whether everybody has had the server of a key for so many milliseconds, as far as this process and the server itself
   * know: only then does it mean anything that somebody gave no sign of life. It counts from when the last of them has
   * found Redis again, and not from when this process has. A process that has just started, and met no outage, takes the
   * server's word, unless the server may be one that took over another's place a moment ago.
   *
   * @throws RedisUnavailableError
   */
  async hasBeenSteadyFor(ms: number, key: string): Promise<boolean> {
    const shard = this.shards.of(key);
    if (!shard?.node || !shard.mayHaveBeenSteadyFor(ms)) return false;
    const info = await redisCall(shard.node.info('server'));
    const uptimeMs = Number(/^uptime_in_seconds:(\d+)/m.exec(info)?.[1] ?? 0) * 1000;
    return uptimeMs >= ms + MAX_RECONNECT_DELAY_MS;
  }

  /** The clock of the server that has a key, in milliseconds: the clocks of servers differ. @throws RedisUnavailableError */
  now(key: string): Promise<number> {
    return readClock(this.commands, key);
  }

  /** Rejects unless every server answers. @throws RedisUnavailableError */
  async ping(): Promise<void> {
    await redisCall(Promise.all(this.masters().map((node) => node.ping())));
  }

  /** The servers that keys are on, each by its connection for commands. */
  masters(): Redis[] {
    return isCluster(this.commands) ? this.commands.nodes('master') : [this.commands];
  }

  /** Runs after every module has drained (Nest calls modules' hooks from the outside in). */
  onApplicationShutdown(): void {
    this.disconnect();
  }

  /** Ends all connections, for good. */
  disconnect(): void {
    this.isOver = true;
    for (const client of [...this.channels.links.all(), ...this.clients().reverse()]) {
      // ioredis would wait two seconds for the end of one that has ended.
      if (client.status !== 'end') client.disconnect();
    }
  }

  /** All but those of channels. */
  clients(): RedisClient[] {
    return [...new Set([this.commands, this.reads, this.appends])];
  }

  /**
   * ioredis gives up for good when Sentinels tell of a new master just while it asks one of them for its address.
   */
  private keepAlive(clients: readonly RedisClient[]): void {
    for (const client of clients) {
      client.on('end', () => {
        if (this.isOver) return;
        setTimeout(() => {
          if (!this.isOver) client.connect().catch(ignoreFirstFailure);
        }, AGAIN_AFTER_MS);
      });
    }
  }

  private readonly noteSentinel = (address: string, isThere: boolean): void => {
    if (this.isOver || isThere !== this.sentinelsAway.has(address)) return;
    if (isThere) {
      this.sentinelsAway.delete(address);
      this.logger.log(`The Sentinel ${address} is back.`);
    } else {
      this.sentinelsAway.add(address);
      this.logger.warn(`The Sentinel ${address} is away: the others are asked.`);
    }
  };

  private isReady(client: RedisClient, timeoutMs: number): Promise<boolean> {
    if (client.status === 'ready') return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (ready: boolean) => {
        timer.cancel();
        client.off('ready', onReady);
        client.off('end', onEnd);
        resolve(ready);
      };
      const onEnd = () => {
        settle(false);
      };
      const onReady = () => {
        settle(true);
      };
      const timer = setLongTimeout(() => {
        settle(false);
      }, timeoutMs);
      client.on('ready', onReady);
      // What is not what it is said to be is disconnected.
      client.on('end', onEnd);
    });
  }

  private readonly onReady = (): void => {
    this.noteReady();
    // At the start connectAll() does.
    if (this.hasStarted) void this.check();
  };

  /** What is of another kind may never become ready, and says why. */
  private readonly onError = (error: Error): void => {
    const problem = topologyProblem(this.topology, error.message);
    if (problem !== undefined) this.refuse(problem);
  };

  private async check(): Promise<void> {
    try {
      const { problem, warnings } = await checkServers(this.topology, this.masters());
      for (const warning of warnings) this.logger.warn(warning);
      if (problem !== undefined) this.refuse(problem);
    } catch (error) {
      if (this.commands.status === 'end') return;
      this.logger.warn(`The server's version and settings could not be checked: ${String(error)}`);
    }
  }

  private refuse(problem: string): void {
    if (this.problem) return;
    this.problem = new ConfigError([problem]);
    this.disconnect();
    // At the start the start itself says so.
    void this.started?.then(
      () => this.logger.fatal(`${problem} Nothing is served until this process is started anew.`),
      ignoreFirstFailure,
    );
  }
}

/** Every connection that a client has, those too that it makes later. */
function eachConnection(client: RedisClient, act: (connection: Redis) => void): void {
  if (isCluster(client)) client.on('+node', act);
  else act(client);
}

function ignoreFirstFailure(): void {
  // The retry strategy goes on, and RedisWatchdog logs the state.
}
