import type { IncomingMessage } from 'node:http';
import { type OpenRequest, send } from '../conformance/http.js';

/** An open event stream, of which only the end matters. */
export class OpenStream {
  /** When it ended, in ms since the epoch. */
  readonly ended: Promise<number>;
  isOpen = true;

  private constructor(
    private readonly response: IncomingMessage,
    private readonly opened: OpenRequest,
  ) {
    this.ended = new Promise((resolve) => {
      response.once('close', () => {
        this.isOpen = false;
        resolve(Date.now());
      });
    });
    // A test that is over cuts what is still open.
    response.on('error', () => undefined).resume();
  }

  static async open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<OpenStream> {
    const opened = send({
      method: 'GET',
      url: new URL(url),
      headers: { accept: 'text/event-stream', ...headers },
      signal: new AbortController().signal,
    });
    opened.request.end();
    const response = await opened.response;
    const type = response.headers['content-type'] ?? '';
    if (response.statusCode !== 200 || !type.startsWith('text/event-stream')) {
      opened.request.destroy();
      throw new Error(`${url.replace(/\?.*/, '')} answered ${response.statusCode} ${type}`);
    }
    return new OpenStream(response, opened);
  }

  /** Whether the server ended it in order, so that an EventSource comes back. */
  get isComplete(): boolean {
    return this.response.complete;
  }

  cut(): void {
    this.opened.request.destroy();
  }
}
