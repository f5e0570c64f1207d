import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { every, delay, RedisUnavailableError } from '../common/index.js';
import { isReplyError, redisCall } from './redis-error.js';
import { RedisConnections } from './redis-connections.js';

/** `refusing`: it answers, and takes no writes: out of memory, read-only, loading, failing to persist. */
export type RedisState = 'up' | 'refusing' | 'away';

const PROBE_KEY = 'runstream:probe';
const PROBE_TTL_MS = 60_000;
const PERIOD_MS = 1000;
/** A connection that gave no answer so often is replaced: its peer may be gone without a word. */
const MOST_SILENCES = 2;

/**
 * Notices what no connection tells of itself: a server that is frozen, full or read-only, and a peer that went without
 * closing the connection. Everyone else learns of it through their own commands; this says it once.
 */
@Injectable()
export class RedisWatchdog implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('Redis');
  private readonly stop = new AbortController();
  private readonly silences = new Map<Redis, number>();
  private current: RedisState | undefined;

  constructor(private readonly connections: RedisConnections) {}

  /** `away` until the first answer. */
  get state(): RedisState {
    return this.current ?? 'away';
  }

  onModuleInit(): void {
    const { commands } = this.connections;
    commands.on('close', this.onClose);
    commands.on('ready', this.onReady);
    void every(PERIOD_MS, this.stop.signal, () => this.look(), ignore);
  }

  onApplicationShutdown(): void {
    this.stop.abort();
    const { commands } = this.connections;
    commands.off('close', this.onClose);
    commands.off('ready', this.onReady);
  }

  /**
   * Writes something: what can't be written to can't serve.
   *
   * @throws RedisUnavailableError
   */
  async probe(): Promise<void> {
    const { commands } = this.connections;
    try {
      await redisCall(commands.psetex(PROBE_KEY, PROBE_TTL_MS, '1'));
      this.become('up');
    } catch (error) {
      const cause = error instanceof RedisUnavailableError ? error.cause : error;
      this.become(isReplyError(cause) ? 'refusing' : 'away', cause);
      throw error;
    }
  }

  private async look(): Promise<void> {
    const { commands, reads, subscriber } = this.connections;
    const greeting = (connection: Redis): Promise<unknown> =>
      // Asked while it reconnects, it would only queue the question; it has not greeted us yet.
      connection.status === 'ready' ? connection.ping() : new Promise(() => undefined);
    await Promise.all([
      this.listen(commands, this.probe()),
      this.listen(reads, greeting(reads)),
      this.listen(subscriber, greeting(subscriber)),
    ]);
  }

  /** Replaces a connection that keeps silent, also one that is new. One that is down reconnects by itself. */
  private async listen(connection: Redis, answer: Promise<unknown>): Promise<void> {
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
    const isConnected = connection.status === 'ready' || connection.status === 'connect';
    const silent = isHeard || !isConnected ? 0 : (this.silences.get(connection) ?? 0) + 1;
    this.silences.set(connection, silent % MOST_SILENCES);
    if (silent === MOST_SILENCES) connection.disconnect(true);
  }

  private readonly onClose = (): void => {
    // `end` is set only by our own disconnect().
    if (this.connections.commands.status !== 'end') this.become('away');
  };

  private readonly onReady = (): void => {
    this.probe().catch(ignore);
  };

  private become(state: RedisState, cause?: unknown): void {
    const former = this.current;
    // Before the first answer RedisConnections says that it starts without one.
    const isNews = state !== former && !(former === undefined && state === 'away');
    if (!isNews || this.stop.signal.aborted) return;
    this.current = state;
    if (state !== 'up') this.connections.noteTrouble();
    else if (former !== undefined) this.connections.noteRecovery();
    if (state === 'up') this.logger.log(former === undefined ? 'Redis answers.' : 'Redis is back.');
    else if (state === 'away') this.logger.error('Redis is away: trying again until it answers.');
    else
      this.logger.error(`Redis takes no writes: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

function ignore(): void {
  // become() has told.
}
