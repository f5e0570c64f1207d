import type { Redis } from 'ioredis';
import type { JournalEntry, RawEntry } from '../event-store/index.js';
import { isReplyError } from '../redis/index.js';
import { type GroupSource, toJournalEntry } from './group-source.js';

/** How much longer than it asked for a read may take before its connection counts as dead. */
const WATCHDOG_MS = 5000;

/** A group that is not there (any more): after a flush, or a failover that lost it. */
export class NoGroupError extends Error {}

/** Reads new entries for a group, from all its sources at once, on a connection of its own. */
export class GroupReader {
  /** Of the present connection, which a reconnect replaces. */
  private clientId: number | undefined;
  private waiting = false;

  constructor(
    private readonly connection: Redis,
    private readonly commands: Redis,
    private readonly group: string,
    private readonly consumer: string,
  ) {
    connection.on('close', () => (this.clientId = undefined));
  }

  /**
   * Waits for up to `count` new entries of each source.
   *
   * @throws NoGroupError; any other error means that a reply may be lost, with entries that are ours
   */
  async read(
    sources: readonly GroupSource[],
    count: number,
    blockMs: number,
  ): Promise<{ source: GroupSource; entries: JournalEntry[] }[]> {
    this.clientId ??= await this.guard(this.connection.client('ID'), WATCHDOG_MS);
    this.waiting = true;
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
        ...sources.map(({ stream }) => stream),
        ...sources.map(() => '>'),
      ),
      blockMs + WATCHDOG_MS,
    ).finally(() => (this.waiting = false));
    return this.match(sources, reply);
  }

  /** Our own entries of a source after an id, whether or not somebody works on them. */
  async readOwn(source: GroupSource, after: string, count: number): Promise<JournalEntry[]> {
    const reply = await this.guard(
      this.connection.xreadgroup(
        'GROUP',
        this.group,
        this.consumer,
        'COUNT',
        count,
        'STREAMS',
        source.stream,
        after,
      ),
      WATCHDOG_MS,
    );
    return this.match([source], reply)[0]?.entries ?? [];
  }

  /** Makes a waiting read return, with nothing: cutting the connection could lose a reply that is on its way. */
  async interrupt(): Promise<void> {
    if (!this.waiting || this.clientId === undefined) return;
    // When it fails Redis is away, and the read ends by itself.
    await this.commands.client('UNBLOCK', this.clientId).catch(() => undefined);
  }

  close(): void {
    this.connection.disconnect();
  }

  /**
   * ioredis leaves a command unsettled for ever when its connection goes, and nothing else would tell that a peer is
   * dead: both end the wait here.
   */
  private async guard<T>(command: Promise<T>, limitMs: number): Promise<T> {
    let onClose: () => void = () => undefined;
    let timer: NodeJS.Timeout | undefined;
    const cut = new Promise<never>((_, reject) => {
      onClose = () => {
        reject(new Error('The connection was closed while it waited.'));
      };
      timer = setTimeout(() => {
        this.connection.disconnect(true);
      }, limitMs);
      this.connection.once('close', onClose);
    });
    command.catch(() => undefined);
    try {
      return await Promise.race([command, cut]);
    } catch (error) {
      if (isReplyError(error) && error.message.startsWith('NOGROUP')) throw new NoGroupError(error.message);
      throw error;
    } finally {
      clearTimeout(timer);
      this.connection.off('close', onClose);
      cut.catch(() => undefined);
    }
  }

  private match(
    sources: readonly GroupSource[],
    reply: unknown,
  ): { source: GroupSource; entries: JournalEntry[] }[] {
    const streams = (reply ?? []) as [stream: string, entries: (RawEntry | [string, null])[]][];
    return streams.flatMap(([stream, raw]) => {
      const source = sources.find((one) => one.stream === stream);
      // One of our own whose body was trimmed comes without fields; recovery buries it.
      const entries = raw.filter((entry): entry is RawEntry => entry[1] !== null).map(toJournalEntry);
      return source && entries.length > 0 ? [{ source, entries }] : [];
    });
  }
}
