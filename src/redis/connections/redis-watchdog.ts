import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { every, delay, RedisUnavailableError } from '../../common/index.js';
import { isReplyError, redisCall } from '../redis-error.js';
import { isCluster } from './redis-client.js';
import { RedisConnections } from './redis-connections.js';
import type { RedisState, Shard } from './shards.js';

const PROBE_TTL_MS = 60_000;
const PERIOD_MS = 1000;
/** How often a shard's new master is looked for while the shard does not serve. */
const SEARCH_MS = 250;
/** A connection that gave no answer so often is replaced: its peer may be gone without a word. */
const MOST_SILENCES = 2;

/**
 * Notices what no connection tells of itself: a server that is frozen, full or read-only, and a peer that went without
 * closing the connection. Everyone else learns of it through their own commands; this says it once, for each master.
 */
@Injectable()
export class RedisWatchdog implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('Redis');
  private readonly stop = new AbortController();
  private readonly silences = new WeakMap<Redis, number>();
  /** Those whose answer is awaited since the slots were looked up. */
  private readonly asked = new WeakSet<Redis>();

  constructor(private readonly connections: RedisConnections) {}

  /** That of the worst of the masters. `away` until the first answer. */
  get state(): RedisState {
    const states = this.shards.map(({ state = 'away' }) => state);
    if (states.length === 0 || states.includes('away')) return 'away';
    return states.includes('refusing') ? 'refusing' : 'up';
  }

  /** The masters, and how each of them is. */
  get shards(): readonly Shard[] {
    return this.connections.shards.all();
  }

  onModuleInit(): void {
    const { commands } = this.connections;
    if (isCluster(commands)) {
      commands.on('+node', this.follow);
      commands.on('refresh', this.greet);
      void every(SEARCH_MS, this.stop.signal, () => this.search(), ignore);
      for (const node of commands.nodes()) this.follow(node);
    } else {
      this.follow(commands);
      if (commands.status === 'ready') this.onReady(commands);
    }
    void every(PERIOD_MS, this.stop.signal, () => this.look(), ignore);
  }

  onApplicationShutdown(): void {
    this.stop.abort();
    this.connections.commands.off('+node', this.follow);
    this.connections.commands.off('refresh', this.greet);
  }

  /**
   * Writes something to every master: what can't be written to can't serve.
   *
   * @throws RedisUnavailableError
   */
  async probe(): Promise<void> {
    const { shards } = this;
    // A cluster of which nothing is known yet.
    if (shards.length === 0) throw new RedisUnavailableError();
    await Promise.all(shards.map((shard) => this.probeOne(shard)));
  }

  private async probeOne(shard: Shard): Promise<void> {
    const { probeKey, node } = shard;
    if (probeKey === undefined) return;
    try {
      await redisCall(this.connections.commands.psetex(probeKey, PROBE_TTL_MS, '1'));
      this.become(shard, 'up');
    } catch (error) {
      const cause = error instanceof RedisUnavailableError ? error.cause : error;
      // What a node has not answered says nothing of the one that has taken its place meanwhile.
      if (shard.node === node) this.become(shard, isReplyError(cause) ? 'refusing' : 'away', cause);
      throw error;
    }
  }

  private async look(): Promise<void> {
    const { commands, channels } = this.connections;
    const greeting = (connection: Redis): Promise<unknown> =>
      // Asked while it reconnects, it would only queue the question; it has not greeted us yet.
      connection.status === 'ready' ? connection.ping() : new Promise(() => undefined);
    const others = this.connections.clients().filter((client) => client !== commands);
    const connections = others.flatMap((one) => (isCluster(one) ? one.nodes('master') : [one]));
    await Promise.all([
      ...this.shards.map((shard) => this.listen(shard.node, this.probeOne(shard))),
      ...[...connections, ...channels.links.all()].map((one) => this.listen(one, greeting(one))),
    ]);
    const unidentified = this.shards.filter(({ isUnidentified }) => isUnidentified);
    await Promise.all(unidentified.map((shard) => this.connections.identify(shard).catch(ignore)));
  }

  /** Another node may have taken over, which nobody tells us. */
  private search(): Promise<void> {
    const isMissed = this.state !== 'up';
    for (const client of this.connections.clients())
      if (isMissed && isCluster(client)) client.refreshSlotsCache();
    return Promise.resolve();
  }

  /** A shard that has another master serves again as soon as that answers. */
  private readonly greet = (): void => {
    for (const shard of this.shards) {
      const { node } = shard;
      if (!shard.isInTrouble || !node || this.asked.has(node)) continue;
      this.asked.add(node);
      const answered = this.probeOne(shard).catch(ignore);
      void answered.finally(() => this.asked.delete(node));
    }
  };

  /** Replaces a connection that keeps silent, also one that is new. One that is down reconnects by itself. */
  private async listen(connection: Redis | undefined, answer: Promise<unknown>): Promise<void> {
    const heard = answer.then(
      () => true,
      (error: unknown) => isReplyError(error instanceof RedisUnavailableError ? error.cause : error),
    );
    const enough = new AbortController();
    // A process that ends does not wait for it.
    const late = delay(this.connections.commandTimeoutMs, { signal: enough.signal, ref: false })
      .catch(() => undefined)
      .then(() => false);
    const isHeard = await Promise.race([heard, late]);
    enough.abort();
    if (!connection) return;
    const isConnected = connection.status === 'ready' || connection.status === 'connect';
    const silent = isHeard || !isConnected ? 0 : (this.silences.get(connection) ?? 0) + 1;
    this.silences.set(connection, silent % MOST_SILENCES);
    if (silent === MOST_SILENCES) connection.disconnect(true);
  }

  /** Learns at once what a connection does tell. */
  private readonly follow = (connection: Redis): void => {
    connection.on('close', () => {
      // `end` is set only by our own disconnect().
      if (this.connections.commands.status === 'end') return;
      for (const shard of this.ofConnection(connection)) {
        shard.noteTrouble();
        this.become(shard, 'away');
      }
    });
    connection.on('ready', () => this.onReady(connection));
  };

  private readonly onReady = (connection: Redis): void => {
    for (const shard of this.ofConnection(connection)) this.probeOne(shard).catch(ignore);
  };

  private ofConnection(connection: Redis): Shard[] {
    return this.shards.filter(({ node }) => node === connection);
  }

  private become(shard: Shard, state: RedisState, cause?: unknown): void {
    const former = shard.state;
    if (this.stop.signal.aborted) return;
    // Before the first answer RedisConnections says that it starts without one.
    if (former === undefined && state === 'away') return;
    // Another server may have taken over without anybody having missed an answer.
    const isReplaced = state === 'up' && shard.isInTrouble;
    if (state === former && !isReplaced) return;
    shard.state = state;
    if (state === 'up') {
      shard.noteRecovery();
      shard.isUnidentified = true;
      this.connections.identify(shard).catch(ignore);
      if (isCluster(this.connections.commands)) this.connections.noteReady();
    } else shard.noteTrouble();
    this.say(shard, former, cause);
  }

  private say({ name, state }: Shard, former: RedisState | undefined, cause: unknown): void {
    const what = isCluster(this.connections.commands) ? `Redis (slots from ${name})` : 'Redis';
    if (state === 'up' && state === former) this.logger.log(`${what} has another master.`);
    else if (state === 'up') this.logger.log(former === undefined ? `${what} answers.` : `${what} is back.`);
    else if (state === 'away') this.logger.error(`${what} is away: trying again until it answers.`);
    else
      this.logger.error(`${what} takes no writes: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

function ignore(): void {
  // become() has told.
}
