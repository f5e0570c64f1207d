import type { RunEvent } from '@runstream/client';
import type { RunLog } from '../store/run/run-log.js';

/** The events of a log that were not looked at: it grows at both ends. Each is met once, whatever a hole is filled with later. */
export class NewEvents {
  private from = 0;
  private to = -1;
  private generation = 0;

  /** Outwards, from what was looked at before: first those in front of it, backwards, and then those behind. */
  *of(log: RunLog): Generator<RunEvent> {
    if (log.generation !== this.generation) {
      this.generation = log.generation;
      [this.from, this.to] = [0, -1];
    }
    const { first, last } = log.held;
    if (first === undefined || last === undefined) return;
    if (this.to < this.from) [this.from, this.to] = [last + 1, last];
    while (this.from > first) {
      const event = log.at(--this.from);
      if (event) yield event;
    }
    while (this.to < last) {
      const event = log.at(++this.to);
      if (event) yield event;
    }
  }
}
