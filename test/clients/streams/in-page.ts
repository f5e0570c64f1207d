import { EventSourcePolyfill } from 'event-source-polyfill';
import ReconnectingEventSource from 'reconnecting-eventsource';
import { follow as followEventSource } from 'program:event-source';
import { follow as followFetch } from 'program:fetch-event-source';
import { follow as followParser } from 'program:eventsource-parser';
import type { Driver, Following, Heard } from './driver.js';
import { type EventSourceClass, eventSource } from './event-source.js';
import { eventsourceClient } from './eventsource-client.js';
import { recipe } from './recipe.js';

/** What the page has, as the tests call it. */
export interface Page {
  /** Set by the test. */
  tell: (number: number, heard: Heard | 'stopped' | { error: string }) => void;
  open: (number: number, client: string, url: string, names: readonly string[]) => void;
  close: (number: number) => void;
}

declare const globalThis: Page & { EventSource: EventSourceClass };

/** By the names of their packages; the browser's own has none. */
const DRIVERS: Record<string, Driver> = {
  EventSource: eventSource('', globalThis.EventSource),
  'EventSource, reopened': recipe('', followEventSource),
  'event-source-polyfill': eventSource('', EventSourcePolyfill, { neverStops: true }),
  'reconnecting-eventsource': eventSource('', ReconnectingEventSource as unknown as EventSourceClass, {
    neverStops: true,
  }),
  '@microsoft/fetch-event-source': recipe('', followFetch),
  'eventsource-client': eventsourceClient(''),
  'eventsource-parser': recipe('', followParser),
};

const open = new Map<number, Following>();

globalThis.open = (number, client, url, names) => {
  const driver = DRIVERS[client];
  if (!driver) throw new Error(`The page has no ${client}.`);
  const following = driver.open({
    url,
    names,
    onHeard: (heard) => {
      globalThis.tell(number, heard);
    },
  });
  open.set(number, following);
  following.stopped.then(
    () => {
      globalThis.tell(number, 'stopped');
    },
    (error: unknown) => {
      globalThis.tell(number, { error: String(error) });
    },
  );
};

globalThis.close = (number) => void open.get(number)?.close();
