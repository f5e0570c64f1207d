import { computed, signal } from '@preact/signals';
import { bunchesOf } from '../../sentences/bunches.js';
import type { DeadLetter } from '../../sentences/group-facts.js';
import type { Outcome } from '../../sentences/outcome.js';
import { client } from '../../service/client.js';
import { noteRefusal } from '../../service/session.js';
import { actOnEach } from './act-on-each.js';

const PAGE = 200;
/** Letters that are held: pages of at most 4 MB each. */
export const MOST = 2000;

/** Dead letters of a group, or of all, newest first. Nothing moves under the reader: what is new is only told. */
export class LetterStore {
  readonly letters = signal<readonly DeadLetter[] | undefined>(undefined);
  readonly bunches = computed(() => bunchesOf(this.letters.value ?? []));
  readonly hasMore = signal(false);
  readonly error = signal<unknown>(undefined);
  /** The newest when they were loaded: another one is new. */
  newest: string | undefined;
  private cursor: string | undefined;
  private readonly closing = new AbortController();

  constructor(private readonly group: string | undefined) {}

  close(): void {
    this.closing.abort();
  }

  async load(): Promise<void> {
    this.cursor = undefined;
    await this.more([]);
  }

  /** @param before what is held already */
  async more(before: readonly DeadLetter[] = this.letters.value ?? []): Promise<void> {
    const { signal } = this.closing;
    try {
      const query = {
        limit: PAGE,
        ...(this.group !== undefined && { group: this.group }),
        ...(this.cursor !== undefined && { cursor: this.cursor }),
      };
      const page = await client.deadLetters.list(query, { signal });
      if (this.cursor === undefined) this.newest = page.dead_letters[0]?.id;
      this.letters.value = [...before, ...page.dead_letters];
      this.cursor = page.next_cursor ?? undefined;
      this.hasMore.value = page.next_cursor !== null;
      this.error.value = undefined;
    } catch (error) {
      if (signal.aborted) return;
      this.error.value = error;
      noteRefusal(error);
    }
  }

  /** The newest id that the service has now. */
  async peek(signal: AbortSignal): Promise<string | undefined> {
    const query = { limit: 1, ...(this.group !== undefined && { group: this.group }) };
    return (await client.deadLetters.list(query, { signal })).dead_letters[0]?.id;
  }

  redrive(ids: readonly string[]): Promise<Outcome> {
    return this.act(ids, (id) => client.deadLetters.redrive(id));
  }

  delete(ids: readonly string[]): Promise<Outcome> {
    return this.act(ids, (id) => client.deadLetters.delete(id));
  }

  private async act(ids: readonly string[], one: (id: string) => Promise<unknown>): Promise<Outcome> {
    const outcome = await actOnEach(ids, one, this.closing.signal);
    const over = new Set([...outcome.done, ...outcome.gone]);
    this.letters.value = this.letters.value?.filter(({ id }) => !over.has(id));
    if (this.newest !== undefined && over.has(this.newest)) this.newest = this.letters.value?.[0]?.id;
    if (outcome.trouble !== undefined) noteRefusal(outcome.trouble);
    return outcome;
  }
}
