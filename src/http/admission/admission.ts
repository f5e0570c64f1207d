import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { OverloadedError } from '../../common/index.js';
import { parseContentType } from '../body/content-type.js';
import { NDJSON_MEDIA_TYPE } from '../body/media-types.js';
import { isStreamPath } from '../edge/stream-path.js';
import { ADMISSION_DEFAULTS, ADMISSION_OPTIONS, type AdmissionOptions } from './admission-options.js';
import { Bound } from './bound.js';
import { EventLoopDelay } from './event-loop-delay.js';

/** What a refusal is counted under. */
export const BOUNDS = ['streams', 'requests', 'bytes', 'uploads', 'event_loop'] as const;
export type BoundName = (typeof BOUNDS)[number];

/** Whoever asks these wants to know how it is, above all when it is bad. */
const ALWAYS = /^\/(health\/|metrics$)/;

/**
 * Decides what this process takes on: bounded numbers of streams, uploads and requests with their bytes, and nothing
 * new while the event loop is late. So what has been taken on is still served well.
 */
@Injectable()
export class Admission implements OnApplicationShutdown {
  readonly refused: Record<BoundName, number> = {
    streams: 0,
    requests: 0,
    bytes: 0,
    uploads: 0,
    event_loop: 0,
  };
  readonly delay = new EventLoopDelay();
  private readonly maxDelayMs: number;
  private readonly bounds: Record<'streams' | 'requests' | 'bytes' | 'uploads', Bound>;

  constructor(@Inject(ADMISSION_OPTIONS) options: AdmissionOptions) {
    const limits = { ...ADMISSION_DEFAULTS, ...options };
    this.maxDelayMs = limits.maxEventLoopDelayMs || Infinity;
    this.bounds = {
      streams: new Bound(limits.maxOpenStreams),
      requests: new Bound(limits.maxPendingRequests),
      bytes: new Bound(limits.maxPendingBytes),
      uploads: new Bound(limits.maxUploads),
    };
  }

  /** What is taken of each bound at the moment. */
  inUse(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.bounds).map(([name, bound]) => [name, bound.inUse]));
  }

  onApplicationShutdown(): void {
    this.delay.stop();
  }

  /** Express middleware. @throws OverloadedError */
  admit(request: Request, response: Response, next: NextFunction): void {
    if (ALWAYS.test(request.path)) {
      next();
      return;
    }
    if (this.delay.ms > this.maxDelayMs) throw this.refuse('event_loop');
    const name = kindOf(request);
    const bound = this.bounds[name];
    if (!bound.take()) throw this.refuse(name);
    response.once('close', () => {
      bound.giveBack();
    });
    next();
  }

  /**
   * Gives what counts the bytes of a body that are held, until its response is done; fewer than 0 are given back. It
   * throws OverloadedError.
   */
  holder(response: Response): (bytes: number) => void {
    let held = 0;
    response.once('close', () => {
      this.bounds.bytes.giveBack(held);
    });
    return (bytes) => {
      if (response.destroyed) return;
      if (!this.bounds.bytes.take(bytes)) throw this.refuse('bytes');
      held += bytes;
    };
  }

  private refuse(bound: BoundName): OverloadedError {
    this.refused[bound]++;
    return new OverloadedError();
  }
}

function kindOf(request: Request): 'streams' | 'uploads' | 'requests' {
  if (request.method === 'GET') return isStreamPath(request.path) ? 'streams' : 'requests';
  const isUpload = parseContentType(request.headers['content-type'])?.media === NDJSON_MEDIA_TYPE;
  return isUpload ? 'uploads' : 'requests';
}
