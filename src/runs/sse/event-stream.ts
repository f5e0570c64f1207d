import type { Response } from 'express';
import type { Observable, Subscription } from 'rxjs';
import type { Demand, WatchSignal } from '../../event-store/index.js';
import { encodeSignal } from './frame.js';

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  // Asks nginx, and what speaks its dialect, not to hold frames back.
  'X-Accel-Buffering': 'no',
};

const KEEP_ALIVE_PROBE_MS = 30_000;

export interface EventStreamOptions {
  bufferBytes: number;
  stalledMs: number;
  retryMs: number;
  /** Whether events carry their type as the event name. */
  named: boolean;
}

/**
 * The response of one watcher: writes signals as frames, and says when it takes more.
 *
 * It stands in place of the framework's writer (docs/adr/0006), which numbers frames that have no id and keeps
 * what a slow watcher has not read where nobody can see it.
 */
export class EventStream implements Demand {
  private subscription: Subscription | undefined;
  private retryWasSent = false;

  constructor(
    private readonly response: Response,
    private readonly options: EventStreamOptions,
  ) {}

  ready(): boolean {
    // Below a mark of its own, which may be higher than ours, the response never says that it has drained.
    return this.response.writableLength < this.options.bufferBytes || !this.response.writableNeedDrain;
  }

  drained(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        this.response.off('drain', settle);
        signal.removeEventListener('abort', settle);
        if (signal.aborted) reject(signal.reason as Error);
        else resolve();
      };
      this.response.on('drain', settle);
      signal.addEventListener('abort', settle);
    });
  }

  /** Writes until the source completes or the watcher is gone; resolves then. Never rejects. */
  send(signals: Observable<WatchSignal>): Promise<void> {
    // Gone while it was looked up: its `close` is past and would be waited for in vain.
    if (this.response.destroyed || this.response.closed) return Promise.resolve();
    this.begin();
    return new Promise((resolve) => {
      this.response.once('close', () => {
        this.subscription?.unsubscribe();
        resolve();
      });
      this.subscription = signals.subscribe({
        next: (signal) => {
          this.write(signal);
        },
        // Too late for a status: the watcher comes back with its cursor and is told then.
        error: () => {
          this.end();
        },
        complete: () => {
          this.end();
        },
      });
    });
  }

  /** Ends the response in order, so that the watcher comes back. */
  end(): void {
    this.subscription?.unsubscribe();
    this.response.end();
  }

  /** Cuts the connection of a watcher that does not take the end either. */
  destroy(): void {
    this.response.destroy();
  }

  private begin(): void {
    this.response.writeHead(200, HEADERS);
    this.response.flushHeaders();
    const { socket } = this.response;
    socket?.setKeepAlive(true, KEEP_ALIVE_PROBE_MS);
    // Node counts progress of what is waiting as activity, so a slow reader is not hit. One for whom nothing
    // waits has read everything.
    socket?.setTimeout(this.options.stalledMs);
    this.response.on('timeout', () => {
      if (this.response.writableLength > 0) this.response.destroy();
    });
  }

  private write(signal: WatchSignal): void {
    if (signal.kind === 'heartbeat') {
      // Who has not read the last frames needs no sign of life, and it would pass for activity.
      if (this.response.writableLength > 0) return;
      if (!signal.announce) {
        this.response.write(encodeSignal(signal, true));
        return;
      }
    }
    if (!this.retryWasSent) {
      this.retryWasSent = true;
      this.response.write(`retry: ${spread(this.options.retryMs)}\n`);
    }
    this.response.write(encodeSignal(signal, this.options.named));
  }
}

/** Spreads the reconnects of many watchers: between 3/4 and 5/4. */
export function spread(ms: number): number {
  return Math.round(ms * (0.75 + Math.random() / 2));
}
