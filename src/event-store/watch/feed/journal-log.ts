import type { EventLog, LogMessage, LogSlice, SliceOptions } from './event-log.js';
import type { Journal } from '../../log/journal/journal.js';
import { readLiveMessage } from './live-message.js';

/** What one partition has of a tenant's journal, to be followed. Its messages only say which entries there are. */
export class JournalLog implements EventLog {
  constructor(
    private readonly tenantId: string,
    private readonly partition: number,
    readonly channel: string,
    private readonly journal: Journal,
  ) {}

  async read(options: SliceOptions): Promise<LogSlice> {
    const { last, trimmed, complete, reached, first, loss, events } = await this.journal.read(
      this.tenantId,
      options,
      this.partition,
    );
    return { loss, last, first, floor: trimmed, upTo: complete ? last : reached, ended: undefined, events };
  }

  readMessage(text: string): LogMessage {
    const message = readLiveMessage(text);
    return message.kind === 'deleted'
      ? message
      : { kind: message.kind, first: message.first, last: message.last, events: [] };
  }
}
