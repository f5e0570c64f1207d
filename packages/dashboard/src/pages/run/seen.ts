import { signal } from '@preact/signals';
import type { RunLog } from '../../store/run-log.js';
import { agentOf, typeOf } from '../../rows/events.js';

/** What a list of choices can hold. */
const MAX_CHOICES = 200;

/** Which types and agents there are, of the events that came: what may be chosen. */
export class Seen {
  readonly types = signal<readonly string[]>([]);
  readonly agents = signal<readonly string[]>([]);
  private readonly known = { types: new Set<string>(), agents: new Set<string>() };
  private from = 0;
  private to = -1;
  private generation = 0;

  /** Looks at events that it has not seen. */
  look(log: RunLog): void {
    if (log.generation !== this.generation) {
      this.generation = log.generation;
      [this.from, this.to] = [0, -1];
    }
    const { first, last } = log.held;
    if (first === undefined || last === undefined) return;
    if (this.to < this.from) this.note(log, first, last);
    else {
      this.note(log, first, this.from - 1);
      this.note(log, this.to + 1, last);
    }
    [this.from, this.to] = [first, last];
    this.tell();
  }

  private note(log: RunLog, from: number, to: number): void {
    for (let sequence = from; sequence <= to; sequence++) {
      const event = log.at(sequence);
      if (!event) continue;
      add(this.known.types, typeOf(event));
      add(this.known.agents, agentOf(event));
    }
  }

  private tell(): void {
    const { types, agents } = this.known;
    if (types.size > this.types.peek().length) this.types.value = [...types].sort();
    if (agents.size > this.agents.peek().length) this.agents.value = [...agents].sort();
  }
}

function add(known: Set<string>, name: string | undefined): void {
  if (name !== undefined && known.size < MAX_CHOICES) known.add(name);
}
