import { BEGINNING, type EventId, isTerminal } from '../../../events/index.js';
import { toEncodedEvent } from '../../log/encoded-event.js';
import type { EventLog, LogMessage, LogSlice, SliceOptions } from './event-log.js';
import type { EventStore } from '../../log/event-store.js';
import { readLiveMessage } from './live-message.js';
import { type CursorLoss, explainLostCursor, type LogPage, positionBefore } from '../../log/log-page.js';

/** The log of one run, to be followed. Its messages carry the events. */
export class RunLog implements EventLog {
  readonly channel: string;

  constructor(
    private readonly tenantId: string,
    private readonly runId: string,
    private readonly store: EventStore,
  ) {
    this.channel = store.keys.run(tenantId, runId).live;
  }

  async read(options: SliceOptions): Promise<LogSlice> {
    const page = await this.store.read(this.tenantId, this.runId, options);
    const loss: CursorLoss = page.found ? { kind: 'none' } : explainLostCursor(options.after, page);
    return {
      loss,
      last: page.last,
      first: page.first,
      floor: floorOf(page, loss),
      upTo: undefined,
      ended: isTerminal(page.status) ? page.status : undefined,
      events: page.events,
    };
  }

  readMessage(text: string): LogMessage {
    const message = readLiveMessage(text);
    if (message.kind === 'deleted') return message;
    const { kind, first, last, entries } = message;
    const events = entries.map((entry) => toEncodedEvent(this.tenantId, this.runId, entry));
    return { kind, first, last, events };
  }
}

function floorOf({ first, last }: LogPage, loss: CursorLoss): EventId {
  if (first) return positionBefore(first);
  return loss.kind === 'trimmed' ? last : BEGINNING;
}
