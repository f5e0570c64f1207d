import type { RunEvent } from '@runstream/client';
import { signal } from '@preact/signals';
import { agentOf, typeOf } from '../../rows/events.js';

/** What a list of choices can hold. */
const MAX_CHOICES = 200;

/** Which types and agents there are, of the events that came: what may be chosen. */
export class Seen {
  readonly types = signal<readonly string[]>([]);
  readonly agents = signal<readonly string[]>([]);
  private readonly known = { types: new Set<string>(), agents: new Set<string>() };

  add(event: RunEvent): void {
    add(this.known.types, typeOf(event));
    add(this.known.agents, agentOf(event));
  }

  tell(): void {
    const { types, agents } = this.known;
    if (types.size > this.types.peek().length) this.types.value = [...types].sort();
    if (agents.size > this.agents.peek().length) this.agents.value = [...agents].sort();
  }
}

function add(known: Set<string>, name: string | undefined): void {
  if (name !== undefined && known.size < MAX_CHOICES) known.add(name);
}
