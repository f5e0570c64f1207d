import type { StreamGroupReader, StreamRow } from '../../redis/index.js';
import type { DispatchEntry, DispatchSource } from './dispatch-entry.js';
import type { Keyspace } from '../log/keys.js';

/** Waits for runs to execute. */
export class DispatchReader {
  constructor(
    private readonly reader: StreamGroupReader,
    private readonly keys: Keyspace,
  ) {}

  /**
   * Waits for up to `count` new runs of each source.
   *
   * @throws NoGroupError; any other error means that a reply may be lost, with runs that are ours
   */
  async read(sources: readonly DispatchSource[], count: number, blockMs: number): Promise<DispatchEntry[]> {
    const rows = await this.reader.read(
      sources.map((source) => this.streamOf(source)),
      count,
      blockMs,
    );
    return sources.flatMap((source) =>
      (rows.get(this.streamOf(source)) ?? []).map((row) => dispatchEntry(source, row)),
    );
  }

  /** The first of our own runs of a source after an entry, whether or not somebody works on them. */
  async readOwn(source: DispatchSource, after: string, count: number): Promise<DispatchEntry[]> {
    const rows = await this.reader.readOwn(this.streamOf(source), after, count);
    return rows.map((row) => dispatchEntry(source, row));
  }

  /** Makes a waiting read return, with nothing. */
  interrupt(): Promise<void> {
    return this.reader.interrupt();
  }

  close(): void {
    this.reader.close();
  }

  private streamOf({ tenantId, executor }: DispatchSource): string {
    return this.keys.partition(tenantId, 0).dispatch(executor);
  }
}

export function dispatchEntry(source: DispatchSource, [id, fields]: StreamRow): DispatchEntry {
  return { ...source, id, runId: fields[fields.indexOf('r') + 1] ?? '' };
}
