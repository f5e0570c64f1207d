import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { OverloadedError } from '../../../common/index.js';

/** Tells requests that may last for long that this instance is shutting down: each says so to its client and ends. */
@Injectable()
export class Draining implements OnModuleDestroy {
  private readonly abort = new AbortController();

  /** Aborted at the beginning of the shutdown, before anything else is stopped. Its reason is what to answer. */
  get signal(): AbortSignal {
    return this.abort.signal;
  }

  onModuleDestroy(): void {
    this.abort.abort(new OverloadedError('This instance is shutting down. Go on at another one.'));
  }
}
