import type { Readable } from 'node:stream';
import { LineSplitter, type OutputLine } from './line-splitter.js';

/** Most lines of one stream that wait to be stored. The stream is not read meanwhile, so its writer waits too. */
export const MAX_WAITING_LINES = 200;
/** More than one, since an event loop that is late may call twice before it reads. */
const IDLE_CHECKS = 4;

/** Passes the lines of one stream on, in order and no faster than they are taken. */
export class OutputPump {
  /** Bytes read so far. */
  private bytes = 0;
  private isWaiting = false;
  private bytesSeen = 0;
  private idleChecks = 0;
  readonly done: Promise<void>;

  constructor(
    private readonly stream: Readable,
    private readonly take: (line: OutputLine) => Promise<unknown>,
  ) {
    this.done = this.run();
    // It is awaited by whoever awaits the process, maybe after that has failed to start.
    this.done.catch(() => undefined);
  }

  /**
   * To be called now and then once the process has ended. Ends the reading when nothing came for several calls,
   * though it could have: then whoever still holds the stream open has nothing to say.
   */
  endIfIdle(): void {
    const isIdle = !this.isWaiting && this.bytes === this.bytesSeen;
    this.idleChecks = isIdle ? this.idleChecks + 1 : 0;
    this.bytesSeen = this.bytes;
    if (this.idleChecks >= IDLE_CHECKS) this.stream.destroy();
  }

  private async run(): Promise<void> {
    const splitter = new LineSplitter();
    try {
      for await (const chunk of this.stream as AsyncIterable<Buffer>) {
        this.bytes += chunk.length;
        await this.pass(splitter.push(chunk));
      }
    } catch (error) {
      if (!isPrematureClose(error)) throw error;
    }
    await this.pass(splitter.end());
  }

  private async pass(lines: Iterable<OutputLine>): Promise<void> {
    this.isWaiting = true;
    let waiting: Promise<unknown>[] = [];
    for (const line of lines) {
      waiting.push(this.take(line));
      if (waiting.length < MAX_WAITING_LINES) continue;
      await Promise.all(waiting);
      waiting = [];
    }
    await Promise.all(waiting);
    this.isWaiting = false;
  }
}

/** How a stream that was destroyed tells its reader. */
function isPrematureClose(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE';
}
