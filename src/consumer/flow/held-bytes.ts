import { Inject, Injectable } from '@nestjs/common';
import { CONSUMER_OPTIONS, type ConsumerOptions } from '../consumer-options.js';
import { readLimit } from '../delivery/effect-budget.js';

const DEFAULT_MAX_HELD_BYTES = 64 * 1024 * 1024;
const MOST = 2 ** 40;

/** What the events weigh that all groups of this process have in hand together, handled or waiting. */
@Injectable()
export class HeldBytes {
  private bytes = 0;
  private readonly most: number;

  constructor(@Inject(CONSUMER_OPTIONS) { maxHeldBytes }: ConsumerOptions) {
    this.most = readLimit('maxHeldBytes', maxHeldBytes, DEFAULT_MAX_HELD_BYTES, MOST);
  }

  add(bytes: number): void {
    this.bytes += bytes;
  }

  /** How many more entries a group may take that has places for `room` and holds `size`: one is always allowed. */
  roomFor(room: number, size: number): number {
    return this.bytes < this.most ? room : Math.min(room, size === 0 ? 1 : 0);
  }
}
