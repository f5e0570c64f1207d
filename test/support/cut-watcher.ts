import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { SseParser, type SseFrame } from '../conformance/sse-parser.js';

export interface CutWatcherOptions {
  /** Where each connection goes: the service's URL. */
  nextUrl: () => string;
  /** After how many frames of a connection it is cut; undefined: this one is not. */
  nextCut: () => number | undefined;
  /** Query of the stream, with its question mark. Default: none. */
  query?: string;
  /** Sees each event's frame. */
  onEvent: (frame: SseFrame) => void;
}

/**
 * A watcher on a bad line: its connection breaks again and again, wherever it is, and it comes back with the cursor
 * that it has, to whichever instance. It ends with the run.
 */
export class CutWatcher {
  cuts = 0;
  private cursor = '';

  constructor(
    private readonly runId: string,
    private readonly options: CutWatcherOptions,
  ) {}

  /** Resolves once the stream was closed by the server's own word. */
  async watch(): Promise<void> {
    while (!(await this.connectOnce()));
  }

  private connectOnce(): Promise<boolean> {
    const { nextUrl, nextCut, query = '' } = this.options;
    return new Promise((resolve, reject) => {
      let left = nextCut();
      let over = false;
      let cut = false;
      const outgoing: ClientRequest = request(`${nextUrl()}/runs/${this.runId}/events/stream${query}`, {
        agent: false,
        headers: { accept: 'text/event-stream', ...(this.cursor ? { 'last-event-id': this.cursor } : {}) },
      });
      const parser = new SseParser((item) => {
        if (item.kind !== 'frame' || cut) return;
        this.cursor = item.lastEventId;
        if (item.event === 'close') over = true;
        else if (item.event === 'gap') reject(new Error(`gap: ${item.data}`));
        else if (item.event !== 'cursor') this.options.onEvent(item);
        if (left !== undefined && --left <= 0 && !over) {
          cut = true;
          this.cuts++;
          outgoing.destroy();
        }
      });
      outgoing.once('response', (response: IncomingMessage) => {
        if (response.statusCode === 204) over = true;
        else if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
        response.on('data', (chunk: Buffer) => {
          parser.push(chunk);
        });
        response.on('error', () => undefined); // `close` follows
      });
      outgoing.on('error', (error) => {
        if (!cut) reject(error);
      });
      outgoing.once('close', () => {
        resolve(over);
      });
      outgoing.end();
    });
  }
}
