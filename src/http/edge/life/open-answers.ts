import { Inject, Injectable, type OnApplicationShutdown, type OnModuleDestroy } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type LongTimeout, setLongInterval, setLongTimeout } from '../../../common/index.js';
import { EDGE_DEFAULTS, EDGE_OPTIONS, type EdgeOptions } from '../edge-options.js';
import type { RequestLife } from './request-life.js';

/** How slowly an answer may be taken. */
export interface Pace {
  /** How often is looked, in milliseconds. */
  lookMs: number;
  /** How long what was written may wait for its reader, in milliseconds. */
  graceMs: number;
  /** How fast it must be taken from then on. */
  bytesPerSecond: number;
}

export const PACE: Pace = { lookMs: 1000, graceMs: 15_000, bytesPerSecond: 32 * 1024 };

const AT_OWN_PACE = Symbol('runstream.atOwnPace');
interface Paced extends Socket {
  [AT_OWN_PACE]?: boolean;
}

interface Waiting {
  bytes: number;
  /** When the socket must have taken them. */
  dueAt: number;
}

/**
 * The requests of ours that are under way, and none of the application's own. Cuts those whose peer takes its answer too
 * slowly, or not at all: what was written is held in memory until then. Event streams have a rule of their own
 * (event-stream.ts). Cuts them all when a shutdown has waited for long enough.
 */
@Injectable()
export class OpenAnswers implements OnModuleDestroy, OnApplicationShutdown {
  private readonly waiting = new Map<ServerResponse, Waiting>();
  private looking: LongTimeout | undefined;
  private cutting: LongTimeout | undefined;
  private readonly shutdownTimeoutMs: number;
  /** Changed by tests. */
  pace = PACE;

  constructor(@Inject(EDGE_OPTIONS) options: EdgeOptions) {
    this.shutdownTimeoutMs = options.shutdownTimeoutMs ?? EDGE_DEFAULTS.shutdownTimeoutMs;
  }

  /** Until the life of its request is over. */
  add(response: ServerResponse, life: RequestLife): void {
    this.waiting.set(response, { bytes: 0, dueAt: 0 });
    if (this.cutting) keepNoConnection(response);
    this.looking ??= setLongInterval(() => this.look(), this.pace.lookMs, { ref: false });
    life.onEnd(() => {
      this.waiting.delete(response);
      if (this.waiting.size > 0) return;
      this.looking?.cancel();
      this.looking = undefined;
    });
  }

  onModuleDestroy(): void {
    for (const response of this.waiting.keys()) keepNoConnection(response);
    const cut = (): void => {
      for (const response of this.waiting.keys()) socketOf(response).destroy();
    };
    this.cutting = setLongTimeout(cut, this.shutdownTimeoutMs, { ref: false });
  }

  onApplicationShutdown(): void {
    this.cutting?.cancel();
  }

  private look(): void {
    const now = performance.now();
    const { graceMs, bytesPerSecond } = this.pace;
    for (const [response, waiting] of this.waiting) {
      const socket = socketOf(response);
      const bytes = socket[AT_OWN_PACE] ? 0 : socket.writableLength;
      if (bytes > 0 && waiting.bytes > 0 && now > waiting.dueAt) socket.destroy();
      // It has taken something, or more was written: what is there now has its own time.
      if (bytes !== waiting.bytes) {
        waiting.dueAt = now + graceMs + (bytes / bytesPerSecond) * 1000;
        waiting.bytes = bytes;
      }
    }
  }
}

/** At a shutdown: a client that asks again at once, as workers do, would keep its connection from ever being idle. */
function keepNoConnection(response: ServerResponse): void {
  response.shouldKeepAlive = false;
}

/** Not the response's own, which it has not yet while another one is before it (pipelining), or no longer. */
function socketOf({ req }: ServerResponse): Paced {
  return req.socket;
}

/** For a stream, which may be slow for as long as it likes, within bounds of its own. */
export function goAtOwnPace(socket: Socket): void {
  (socket as Paced)[AT_OWN_PACE] = true;
}
