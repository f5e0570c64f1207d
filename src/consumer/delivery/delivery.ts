import { randomBytes } from 'node:crypto';
import type { JournalEntry } from '../../event-store/index.js';
import type { Attempt } from './attempt.js';
import type { GroupSource } from '../group/group-source.js';
import type { Begun, Holding } from './lease.js';

/** What became of an entry. `skipped`: nobody here had to handle it. `left`: it has no outcome yet, and comes again. */
export type Delivered = 'processed' | 'skipped' | 'failed' | 'left';

const PROCESS = randomBytes(4).toString('hex');
let deliveries = 0;

/** An entry that was taken, on its way to an outcome. */
export class Delivery implements Holding {
  /** When it is to be tried again, in ms of this process's clock; undefined when at once. */
  dueAt: number | undefined;
  /** canHandle() gave no answer for it: it is begun, and that is its failure unless there is an answer then. */
  isUnsure = false;
  /** Why it is to be dead-lettered without a try. */
  refusal: string | undefined;
  /** Since when it is the first of its lane, by `performance.now()`. */
  firstAt = 0;
  /** It has one of the places for handlers. */
  hasPlace = false;
  /** It is being begun, or has begun, and has no outcome. */
  isUnderWay = false;
  /** Others have it, or will: it is not begun (again). */
  isForgotten = false;
  /** While its handler runs, or its outcome is being recorded. */
  attempt: Attempt | undefined;
  /** The owner's fence under which it was taken; '' when the group is not ordered. It is never begun under another. */
  readonly fence: string;
  private resolve: ((how: Delivered) => void) | undefined;
  private promise: Promise<Delivered> | undefined;
  private name: string | undefined;

  constructor(
    readonly source: GroupSource,
    readonly entry: JournalEntry,
    /** Its attempt, where that began with the entry being taken, and is not over. */
    public begun?: Begun,
  ) {
    this.fence = source.fence;
  }

  /** Resolves with what became of it. Made when it is asked for, since most need none. */
  get done(): Promise<Delivered> {
    return (this.promise ??= new Promise((resolve) => (this.resolve = resolve)));
  }

  end(how: Delivered): void {
    this.resolve?.(how);
  }

  /** Made when it is asked for, too. */
  get holding(): string {
    return (this.name ??= `${PROCESS}${(deliveries++).toString(36)}`);
  }
}

/** Deliveries by where they come from. */
export function bySource(deliveries: Iterable<Delivery>): Map<GroupSource, Delivery[]> {
  const groups = new Map<GroupSource, Delivery[]>();
  for (const delivery of deliveries) {
    const group = groups.get(delivery.source);
    if (group) group.push(delivery);
    else groups.set(delivery.source, [delivery]);
  }
  return groups;
}
