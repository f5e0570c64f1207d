import type { WatchSignal } from '../../event-store/index.js';
import type { EventForm } from './event-form.js';
import { encodeControl, toWireChunk, type WireChunk } from './frame.js';

/** How the signals of one watcher are written, and how its stream ends. One for each connection. */
export interface StreamFormat {
  /** What is written for a signal; empty: nothing. */
  encode(signal: WatchSignal): readonly WireChunk[];
  /** Whether nothing follows what was encoded last, though the run may go on. Default: the run's end alone ends it. */
  readonly isOver?: boolean;
  /** Asks a watcher that is sent away before the run has ended to come back after so long. Default: nothing is written. */
  sendAway?(retryMs: number): WireChunk;
  /**
   * Whether a stream that is ended before its run is left incomplete: for clients to whom a whole answer says that the
   * run has ended. Default: it is ended as a whole.
   */
  readonly breaksOff?: boolean;
}

/** The frames of our own protocol. */
export class EventFrames implements StreamFormat {
  private retryWasSent = false;

  constructor(
    private readonly form: EventForm,
    private readonly retryMs: number,
  ) {}

  encode(signal: WatchSignal): readonly WireChunk[] {
    if (signal.kind === 'provisional' && !this.form.showsProvisional) return [];
    const frames = signal.kind === 'events' ? this.form.frames(signal.events) : encodeControl(signal);
    const isFrame = signal.kind !== 'heartbeat' || signal.announce;
    if (!isFrame || this.retryWasSent) return [frames];
    this.retryWasSent = true;
    return [retry(spread(this.retryMs)), frames];
  }

  sendAway(retryMs: number): WireChunk {
    return retry(retryMs);
  }
}

function retry(ms: number): WireChunk {
  return toWireChunk(`retry: ${ms}\n`);
}

/** Spreads the reconnects of many watchers: between 3/4 and 5/4. */
function spread(ms: number): number {
  return Math.round(ms * (0.75 + Math.random() / 2));
}
