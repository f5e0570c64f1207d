import { Inject, Injectable } from '@nestjs/common';
import { CONSUMER_DEFAULTS, CONSUMER_OPTIONS, type ConsumerOptions } from '../consumer-options.js';

/** What the events weigh that all groups of this process have in hand together, handled or waiting. */
@Injectable()
export class HeldBytes {
  private bytes = 0;
  private readonly most: number;

  constructor(@Inject(CONSUMER_OPTIONS) { maxHeldBytes }: ConsumerOptions) {
    this.most = maxHeldBytes ?? CONSUMER_DEFAULTS.maxHeldBytes;
  }

  add(bytes: number): void {
    this.bytes += bytes;
  }

  /** How many more entries a group may take that has places for `room` and holds `size`: one is always allowed. */
  roomFor(room: number, size: number): number {
    return this.bytes < this.most ? room : Math.min(room, size === 0 ? 1 : 0);
  }
}
