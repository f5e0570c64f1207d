import type { Redis } from 'ioredis';
import { RedisUnavailableError, delay, type LongTimeout, setLongTimeout } from '../common/index.js';
import { isReplyError } from './redis-error.js';

/** How much longer than it asked for a read may take before its connection counts as dead. */
const WATCHDOG_MS = 5000;
const INTERRUPT_AGAIN_MS = 20;

/** A row of a stream, as Redis gives it: its id, then field, value, field, value. */
export type StreamRow = [id: string, fields: string[]];

/** A group that is not there (any more): after a flush, or a failover that lost it. */
export class NoGroupError extends Error {}

/** A reply, to a command or from a script, that says so. */
export function isNoGroup(error: unknown): error is Error {
  return (
    error instanceof NoGroupError || (isReplyError(error) && /^(NOGROUP|ERR no such key)/.test(error.message))
  );
}

/** Reads streams for one consumer of a group, on a connection of its own, which it may block. */
export class StreamGroupReader {
  /** Of the present connection, which a reconnect replaces. */
  private clientId: number | undefined;
  /** The read that waits at the moment. */
  private waiting: { interruption?: Promise<void> } | undefined;

  constructor(
    private readonly connection: Redis,
    private readonly commands: Redis,
    private readonly group: string,
    private readonly consumer: string,
  ) {
    connection.on('close', () => (this.clientId = undefined));
  }

  /**
   * Waits for up to `count` new rows of each stream.
   *
   * @throws NoGroupError; any other error means that a reply may be lost, with rows that are ours
   */
  async read(streams: readonly string[], count: number, blockMs: number): Promise<Map<string, StreamRow[]>> {
    this.clientId ??= await this.guard(this.connection.client('ID'), WATCHDOG_MS);
    this.waiting = {};
    const reply = await this.guard(
      this.connection.xreadgroup(
        'GROUP',
        this.group,
        this.consumer,
        'COUNT',
        count,
        'BLOCK',
        blockMs,
        'STREAMS',
        ...streams,
        ...streams.map(() => '>'),
      ),
      blockMs + WATCHDOG_MS,
    ).finally(() => (this.waiting = undefined));
    return toRows(reply);
  }

  /** This consumer's own rows of a stream after an id, whether or not somebody works on them. */
  async readOwn(stream: string, after: string, count: number): Promise<StreamRow[]> {
    const reply = await this.guard(
      this.connection.xreadgroup(
        'GROUP',
        this.group,
        this.consumer,
        'COUNT',
        count,
        'STREAMS',
        stream,
        after,
      ),
      WATCHDOG_MS,
    );
    return toRows(reply).get(stream) ?? [];
  }

  /** Waits until one of the streams has rows after its id, and says which have; for nobody are they taken. */
  async awaitNews(
    streams: readonly string[],
    after: readonly string[],
    blockMs: number,
  ): Promise<Set<string>> {
    this.clientId ??= await this.guard(this.connection.client('ID'), WATCHDOG_MS);
    this.waiting = {};
    const reply = await this.guard(
      this.connection.xread('COUNT', 1, 'BLOCK', blockMs, 'STREAMS', ...streams, ...after),
      blockMs + WATCHDOG_MS,
    ).finally(() => (this.waiting = undefined));
    return new Set((reply ?? []).map(([stream]) => stream));
  }

  /** Makes a waiting read return, with nothing: cutting the connection could lose a reply that is on its way. */
  async interrupt(): Promise<void> {
    const read = this.waiting;
    if (read) await (read.interruption ??= this.unblock(read));
  }

  close(): void {
    if (this.connection.status !== 'end') this.connection.disconnect();
  }

  /** That read, and none that comes after it. */
  private async unblock(read: object): Promise<void> {
    while (this.waiting === read && this.clientId !== undefined) {
      // When it fails Redis is away, and the read ends by itself. 0: the read has not got there yet.
      const unblocked = await this.commands.client('UNBLOCK', this.clientId).catch(() => 1);
      if (unblocked === 1) return;
      await delay(INTERRUPT_AGAIN_MS);
    }
  }

  /**
   * ioredis leaves a command unsettled for ever when its connection goes, and nothing else would tell that a peer is
   * dead: both end the wait here.
   */
  private async guard<T>(command: Promise<T>, limitMs: number): Promise<T> {
    let onClose: () => void = () => undefined;
    let timer: LongTimeout | undefined;
    const cut = new Promise<never>((_, reject) => {
      onClose = () => {
        reject(new RedisUnavailableError(new Error('The connection was closed while it waited.')));
      };
      timer = setLongTimeout(() => {
        this.connection.disconnect(true);
      }, limitMs);
      this.connection.once('close', onClose);
    });
    command.catch(() => undefined);
    try {
      return await Promise.race([command, cut]);
    } catch (error) {
      if (isNoGroup(error)) throw new NoGroupError(error.message);
      throw error;
    } finally {
      timer?.cancel();
      this.connection.off('close', onClose);
      cut.catch(() => undefined);
    }
  }
}

/** Rows whose body is gone come without fields; they are left out. */
function toRows(reply: unknown): Map<string, StreamRow[]> {
  const streams = (reply ?? []) as [stream: string, rows: (StreamRow | [string, null])[]][];
  return new Map(
    streams.map(([stream, rows]) => [stream, rows.filter((row): row is StreamRow => row[1] !== null)]),
  );
}
