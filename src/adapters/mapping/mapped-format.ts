import type { EncodedEvent, WatchSignal } from '../../event-store/index.js';
import { formatEventId, type RecordedEvent } from '../../events/index.js';
import { type StreamFormat, toWireChunk, type WireChunk } from '../../runs/index.js';
import type { EventMapper, Frame } from './event-mapper.js';

export interface MappedFormatOptions {
  /** Whether the stream goes on behind a gap. Default: it ends, since what follows can't be understood without the rest. */
  goesOnAfterGap?: boolean;
  /** Whether a stream that is ended before its run is left incomplete, which StreamFormat explains. Default true. */
  breaksOff?: boolean;
}

/** A comment: whoever has heard nothing for long knows that the line is good. It ends no frame. */
const HEARTBEAT = toWireChunk(': heartbeat\n');

const parsedOnce = new WeakMap<EncodedEvent, RecordedEvent>();

/** The watchers of a run share its events, and so what they are as values. */
function parsed(event: EncodedEvent): RecordedEvent {
  let value = parsedOnce.get(event);
  if (!value) parsedOnce.set(event, (value = JSON.parse(String(event.json)) as RecordedEvent));
  return value;
}

/** Writes what a mapper makes of a run. */
export class MappedFormat implements StreamFormat {
  readonly breaksOff: boolean;
  private readonly goesOnAfterGap: boolean;
  private over = false;

  constructor(
    private readonly mapper: EventMapper,
    { goesOnAfterGap = false, breaksOff = true }: MappedFormatOptions = {},
  ) {
    this.goesOnAfterGap = goesOnAfterGap;
    this.breaksOff = breaksOff;
  }

  get isOver(): boolean {
    return this.over;
  }

  encode(signal: WatchSignal): readonly WireChunk[] {
    if (signal.kind === 'heartbeat') return [HEARTBEAT];
    const text = this.frames(signal).map(frameText).join('');
    return text === '' ? [] : [toWireChunk(text)];
  }

  private frames(signal: WatchSignal): readonly Frame[] {
    const { mapper } = this;
    const cursor = formatEventId(signal.cursor);
    switch (signal.kind) {
      case 'events':
        return signal.events.flatMap((event) => mapper.event(parsed(event), event.ends));
      case 'gap':
        this.over = !this.goesOnAfterGap;
        return mapper.lost(signal.reason, cursor);
      case 'close':
        if (signal.reason === 'deleted') return mapper.lost('deleted', cursor);
        return mapper.ended?.(cursor) ?? [];
      case 'cursor':
        return mapper.begins?.(cursor) ?? [];
      default:
        // What is not stored comes again once it is.
        return [];
    }
  }
}

/** The id comes last, as in our own frames: some clients take it when they read its line. */
function frameText({ name, data, id }: Frame): string {
  return `${name === undefined ? '' : `event: ${name}\n`}data: ${data}\n${id === undefined ? '' : `id: ${id}\n`}\n`;
}
