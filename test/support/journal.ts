import {
  Journal,
  JournalTrimmer,
  JournalWatcher,
  type LogWatchOptions,
} from '../../src/event-store/index.js';
import type { RecordedEvent } from '../../src/events/index.js';
import { watchLog, type TestStore, type Watching } from './event-store.js';

/** What the tests of the journal need beside a store. */
export interface JournalTools {
  journal: Journal;
  trimmer: JournalTrimmer;
  watcher: JournalWatcher;
}

export function journalOf({ app }: TestStore): JournalTools {
  return {
    journal: app.get(Journal),
    trimmer: app.get(JournalTrimmer),
    watcher: app.get(JournalWatcher),
  };
}

/** Watches the tenant's journal and keeps what it sees. Default: from the start, everything. */
export function watchJournal(store: TestStore, options: Partial<LogWatchOptions> = {}): Watching {
  const { watcher } = journalOf(store);
  return watchLog((after) => watcher.watch(store.tenant, { ...options, after: [after] }), options.after);
}

/** The events that a watcher saw, as values. */
export function eventsOf(watching: Watching): RecordedEvent[] {
  return watching.signals.flatMap((signal) =>
    signal.kind === 'events'
      ? signal.events.map(({ json }) => JSON.parse(json.toString()) as RecordedEvent)
      : [],
  );
}
