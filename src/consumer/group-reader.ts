import type { Redis } from 'ioredis';
import type { JournalEntry } from '../event-store/index.js';
import { StreamGroupReader } from '../redis/index.js';
import { type GroupSource, toJournalEntry } from './group-source.js';

/** Reads new entries for a group, from all its sources at once, on a connection of its own. */
export class GroupReader {
  private readonly reader: StreamGroupReader;

  constructor(connection: Redis, commands: Redis, group: string, consumer: string) {
    this.reader = new StreamGroupReader(connection, commands, group, consumer);
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
    const rows = await this.reader.read(
      sources.map(({ stream }) => stream),
      count,
      blockMs,
    );
    return sources.flatMap((source) => {
      const entries = (rows.get(source.stream) ?? []).map(toJournalEntry);
      return entries.length > 0 ? [{ source, entries }] : [];
    });
  }

  /**
   * Our own entries of a source after an id, whether or not somebody works on them. One whose body was trimmed is left
   * out; recovery buries it.
   */
  async readOwn(source: GroupSource, after: string, count: number): Promise<JournalEntry[]> {
    return (await this.reader.readOwn(source.stream, after, count)).map(toJournalEntry);
  }

  /** Waits until some of the sources may have more than their owner has read; takes nothing. */
  async awaitNews(sources: readonly GroupSource[], blockMs: number): Promise<GroupSource[]> {
    const streams = await this.reader.awaitNews(
      sources.map(({ stream }) => stream),
      sources.map(({ tip }) => tip),
      blockMs,
    );
    return sources.filter(({ stream }) => streams.has(stream));
  }

  /** Makes a waiting read return, with nothing. */
  interrupt(): Promise<void> {
    return this.reader.interrupt();
  }

  close(): void {
    this.reader.close();
  }
}
