import { clip, UnknownEventTypeError, ValidationFailedError } from '../common/index.js';

/** What every deployment knows. What `data` holds for each is in docs/protocol.md, section 2. */
const BUILT_IN: Readonly<Record<string, readonly string[]>> = {
  lifecycle: ['started', 'completed', 'failed', 'cancelled'],
  llm: ['stream', 'reasoning', 'tool_call', 'tool_result', 'completed'],
  dispatch: ['team', 'worker'],
  agent: ['started', 'completed', 'error'],
  system: ['topology', 'warning', 'error'],
  session: ['started', 'completed'],
  task: ['created', 'dispatched', 'completed', 'failed'],
  gate: ['requested', 'approved', 'rejected', 'expired'],
  patch: ['created', 'applied', 'rejected'],
  log: ['stdout', 'stderr'],
};

/** Bounded, since a run counts its events by type, and every list of runs shows that. */
const HALF = '[a-z][a-z0-9_]{0,63}';
const EXACT = new RegExp(`^${HALF}\\.${HALF}$`);
const CATEGORY = new RegExp(`^${HALF}\\.\\*$`);

/** The types that events may have: the built-in ones and what the deployment and its modules register. */
export class EventTypeRegistry {
  private readonly exact = new Set<string>();
  private readonly categories = new Set<string>();

  constructor(more: Iterable<string> = []) {
    for (const [category, actions] of Object.entries(BUILT_IN)) {
      for (const action of actions) this.exact.add(`${category}.${action}`);
    }
    for (const type of more) this.register(type);
  }

  /**
   * @param type one type (`deploy.started`) or a category of them (`build.*`)
   * @throws TypeError when it is neither
   */
  register(type: string): void {
    if (EXACT.test(type)) this.exact.add(type);
    else if (CATEGORY.test(type)) this.categories.add(type.slice(0, -2));
    else {
      throw new TypeError(
        `"${type}" is not an event type: write category.action or category.*, each of at most 64 lower-case letters, digits and _.`,
      );
    }
  }

  has(type: string): boolean {
    if (this.exact.has(type)) return true;
    return this.categories.has(type.slice(0, type.indexOf('.'))) && EXACT.test(type);
  }

  /** @throws UnknownEventTypeError which lists what there is */
  assertKnown(type: string): void {
    if (!this.has(type)) throw new UnknownEventTypeError(type, this.list());
  }

  list(): string[] {
    return [...this.exact, ...[...this.categories].map((category) => `${category}.*`)].sort();
  }

  /**
   * Reads a filter such as `llm.*,lifecycle.completed`. Undefined lets everything pass.
   *
   * @throws ValidationFailedError for a malformed filter, UnknownEventTypeError for a type nobody can append
   */
  parseFilter(text: string | undefined): EventTypeFilter | undefined {
    if (text === undefined) return undefined;
    const exact = new Set<string>();
    const categories = new Set<string>();
    for (const type of text.split(',')) {
      if (CATEGORY.test(type)) {
        const category = type.slice(0, -2);
        if (![...this.list()].some((known) => known.startsWith(`${category}.`))) {
          throw new UnknownEventTypeError(type, this.list());
        }
        categories.add(category);
      } else if (EXACT.test(type)) {
        this.assertKnown(type);
        exact.add(type);
      } else {
        throw new ValidationFailedError([
          { path: 'type', message: `"${clip(type, 140)}" is neither category.action nor category.*` },
        ]);
      }
    }
    return (type) => exact.has(type) || categories.has(type.slice(0, type.indexOf('.')));
  }
}

/** Says whether events of a type pass. */
export type EventTypeFilter = (type: string) => boolean;
