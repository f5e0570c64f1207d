import type { RecordedEvent, TerminalStatus } from '../../events/index.js';
import type { EventMapper, Frame } from '../mapping/event-mapper.js';
import { toOffset } from './offset.js';

/** A run as a stream of JSON: each event is a message, and behind it stands where to go on. */
export class StreamMapper implements EventMapper {
  private isClosed = false;

  /**
   * @param last sequence of the run's last event when the stream was asked for
   * @param streamCursor what the client sends along when it comes back
   */
  constructor(
    private readonly last: number,
    private readonly streamCursor: string,
  ) {}

  begins(cursor: string): Frame[] {
    return sequenceOf(cursor) < this.last ? [] : [this.control(cursor)];
  }

  event(event: RecordedEvent, ends: TerminalStatus | undefined): Frame[] {
    this.isClosed = ends !== undefined;
    return [{ name: 'data', data: JSON.stringify([event]) }, this.control(event.id)];
  }

  ended(cursor: string): Frame[] {
    if (this.isClosed) return [];
    this.isClosed = true;
    return [this.control(cursor)];
  }

  /** Nothing in a stream says so. The client comes back, and gets a status. */
  lost(): Frame[] {
    return [];
  }

  private control(cursor: string): Frame {
    const { isClosed, streamCursor } = this;
    const control = {
      streamNextOffset: toOffset(cursor),
      ...(sequenceOf(cursor) >= this.last && { upToDate: true }),
      ...(isClosed ? { streamClosed: true } : { streamCursor }),
    };
    return { name: 'control', data: JSON.stringify(control) };
  }
}

function sequenceOf(cursor: string): number {
  return Number(cursor.split('-')[1]);
}
