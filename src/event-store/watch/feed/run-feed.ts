import type { EventStore } from '../../log/event-store.js';
import { LogFeed } from './log-feed.js';
import { RunLog } from './run-log.js';

export type { FeedItem } from './log-feed.js';

/** The feed of one run. */
export class RunFeed extends LogFeed {
  constructor(tenantId: string, runId: string, store: EventStore, onMended: () => void) {
    super(new RunLog(tenantId, runId, store), onMended);
  }
}
