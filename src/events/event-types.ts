import { clip, UnknownEventTypeError, ValidationFailedError } from '../common/index.js';
import { BUILT_IN } from './typed/built-in-events.js';
import { assertEventType, CATEGORY, EXACT } from './typed/event-type-name.js';

/** The types that events may have: the built-in ones and what the deployment and its modules register. */
export class EventTypeRegistry {
  private readonly exact = new Set<string>();
  private readonly categories = new Set<string>();

  constructor(more: Iterable<string> = []) {
    for (const type of [...BUILT_IN.types, ...more]) this.register(type);
  }

  /**
   * @param type one type (`deploy.started`) or a category of them (`build.*`)
   * @throws TypeError when it is neither
   */
  register(type: string): void {
    assertEventType(type);
    if (type.endsWith('.*')) this.categories.add(type.slice(0, -2));
    else this.exact.add(type);
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
