import { setTimeout as delay } from 'node:timers/promises';
import { DemoError } from './service.mjs';

const RETRY_MS = 500;

/**
 * Watches a run over SSE as a careful client does: it keeps the id of the last frame, comes back with it whenever
 * the response ends without `close`, and takes nothing twice.
 */
export class Watcher {
  /** All events so far, in the order of their arrival. */
  events = [];
  cuts = 0;
  #lastId;
  #closed = false;
  #line = new AbortController();
  #pausedMs = 0;

  /** @param onEvent called with each event */
  constructor(name, url, ownHeaders, onEvent) {
    this.name = name;
    this.url = url;
    this.ownHeaders = ownHeaders;
    this.onEvent = onEvent;
  }

  get lastId() {
    return this.#lastId;
  }

  /** Resolves when the run has ended and all of it was seen. */
  async watch(signal) {
    while (!this.#closed) {
      this.#line = new AbortController();
      try {
        await this.#readOnce(AbortSignal.any([this.#line.signal, signal]));
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof DemoError) throw error;
        // Cut: by us, or by the network. Both are mended in the same way.
      }
      if (!this.#closed) await delay(this.#pausedMs || RETRY_MS, undefined, { signal });
      this.#pausedMs = 0;
    }
  }

  /** Drops the connection, and comes back after a while. */
  cut(forMs) {
    this.cuts += 1;
    this.#pausedMs = forMs;
    this.#line.abort();
  }

  async #readOnce(signal) {
    const headers = {
      ...this.ownHeaders,
      Accept: 'text/event-stream',
      ...(this.#lastId && { 'Last-Event-ID': this.#lastId }),
    };
    const response = await fetch(this.url, { headers, signal });
    if (response.status === 204) {
      this.#closed = true; // the cursor is the run's end
      return;
    }
    if (!response.ok) throw new DemoError(`${this.name} was refused: ${await response.text()}`);
    let text = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const frames = text.split('\n\n');
      text = frames.pop(); // what follows the last blank line is not complete yet
      for (const frame of frames) {
        this.#take(frame);
        if (signal.aborted) return; // the rest of the chunk would have been lost with the line
      }
    }
  }

  #take(frame) {
    const fields = {};
    for (const line of frame.split('\n')) {
      const colon = line.indexOf(': ');
      if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 2);
    }
    if (fields.id === undefined) return; // a heartbeat
    this.#lastId = fields.id;
    if (fields.event === 'close') this.#closed = true;
    else if (fields.event === 'gap') throw new DemoError(`${this.name} was told of a gap: ${fields.data}`);
    else if (fields.event !== 'cursor') {
      const event = JSON.parse(fields.data);
      this.events.push(event);
      this.onEvent(event, this);
    }
  }
}
