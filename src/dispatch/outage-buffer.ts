import { Inject, Injectable } from '@nestjs/common';
import { EXECUTORS_DEFAULTS, EXECUTORS_OPTIONS, type ExecutorsOptions } from '../executors/index.js';

/**
 * How much of what the executors of this process say may wait for Redis, in all: each run keeps its own events, this
 * counts them. So an outage costs a bounded amount of memory, and executors go on until it is used up.
 */
@Injectable()
export class OutageBuffer {
  private readonly maxEvents: number;
  private readonly maxBytes: number;
  private heldEvents = 0;
  private heldBytes = 0;
  private discardedEvents = 0;

  constructor(@Inject(EXECUTORS_OPTIONS) options: ExecutorsOptions) {
    this.maxEvents = options.outageBufferEvents ?? EXECUTORS_DEFAULTS.outageBufferEvents;
    this.maxBytes = options.outageBufferBytes ?? EXECUTORS_DEFAULTS.outageBufferBytes;
  }

  get events(): number {
    return this.heldEvents;
  }

  get bytes(): number {
    return this.heldBytes;
  }

  /** Events that were held and came to nothing, since their run had ended or was another's when Redis was back. */
  get discarded(): number {
    return this.discardedEvents;
  }

  /** Whether there was room for an event of so many bytes; it counts until it is given back. */
  take(bytes: number): boolean {
    if (this.heldEvents >= this.maxEvents || this.heldBytes + bytes > this.maxBytes) return false;
    this.heldEvents++;
    this.heldBytes += bytes;
    return true;
  }

  giveBack(bytes: number, wasStored: boolean): void {
    this.heldEvents--;
    this.heldBytes -= bytes;
    if (!wasStored) this.discardedEvents++;
  }
}
