import type { EncodedEvent } from '../../event-store/index.js';
import { cloudEventJson } from '../cloud-events/cloud-event-json.js';
import { frameHead, frameTail, toWireChunk, type WireChunk } from './frame.js';

/** A form in which watchers get events. All who take the same one share the bytes, as they share the events. */
export class EventForm {
  private readonly encodedOnce = new WeakMap<readonly EncodedEvent[], WireChunk>();

  constructor(
    private readonly named: boolean,
    private readonly jsonOf: (event: EncodedEvent) => string | Buffer,
    /** Whether what is not stored yet, and has no id, can be shown in it. */
    readonly showsProvisional: boolean,
  ) {}

  /** Several events as one chunk. */
  frames(events: readonly EncodedEvent[]): WireChunk {
    let chunk = this.encodedOnce.get(events);
    if (!chunk) this.encodedOnce.set(events, (chunk = this.encode(events)));
    return chunk;
  }

  private encode(events: readonly EncodedEvent[]): WireChunk {
    const parts: (string | Buffer)[] = [];
    for (const event of events) {
      const head = frameHead(this.named ? event.type : undefined);
      const json = this.jsonOf(event);
      if (typeof json === 'string') parts.push(head + json + frameTail(event.id));
      else parts.push(head, json, frameTail(event.id));
    }
    return toWireChunk(...parts);
  }
}

const own = ({ json }: EncodedEvent): string | Buffer => json;
const OWN = { named: new EventForm(true, own, true), unnamed: new EventForm(false, own, true) };
const CLOUD_EVENTS = {
  named: new EventForm(true, cloudEventJson, false),
  unnamed: new EventForm(false, cloudEventJson, false),
};

/** @param named whether events carry their type as the event name; without it a browser gives them to `onmessage` */
export function eventForm(named: boolean, cloudEvents: boolean): EventForm {
  return (cloudEvents ? CLOUD_EVENTS : OWN)[named ? 'named' : 'unnamed'];
}
