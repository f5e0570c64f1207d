import { fetchEventSource } from '@microsoft/fetch-event-source';
import { EventSource } from 'eventsource';
import EventSource2 from 'eventsource2';
import { EventSource as EventSource3 } from 'eventsource3';
import { EventSourcePolyfill } from 'event-source-polyfill';
import { createParser } from 'eventsource-parser';
import { EventSource as LaunchDarkly } from 'launchdarkly-eventsource';
import ReconnectingEventSource from 'reconnecting-eventsource';
import { documentedFollow } from './documents.js';
import type { Driver } from './driver.js';
import { type EventSourceClass, eventSource } from './event-source.js';
import { eventsourceClient } from './eventsource-client.js';
import { packageVersion } from './package-version.js';
import { firstLineOf, program } from './programs.js';
import { recipe } from './recipe.js';

// What some of them look for in a browser.
Object.assign(globalThis, { window: globalThis, document: new EventTarget(), EventSource });

/** Its types are those of its CommonJS form. */
const Reconnecting = ReconnectingEventSource as unknown as EventSourceClass;

/** A user of it reopens it where a proxy answers 502. */
export function withReopening(driver: Driver, EventSource: EventSourceClass): Driver {
  return { ...driver, reopening: recipe(driver.name, documentedFollow('event-source', { EventSource })) };
}

/** Those that run in Node, and are cheap to have. */
export const NODE_CLIENTS: readonly Driver[] = [
  recipe(packageVersion('eventsource2'), documentedFollow('event-source', { EventSource: EventSource2 })),
  withReopening(eventSource(packageVersion('eventsource3'), EventSource3), EventSource3),
  withReopening(eventSource(packageVersion('eventsource'), EventSource), EventSource),
  withReopening(
    eventSource(packageVersion('event-source-polyfill'), EventSourcePolyfill, { neverStops: true }),
    EventSourcePolyfill,
  ),
  eventSource(packageVersion('reconnecting-eventsource'), Reconnecting, { neverStops: true }),
  recipe(
    packageVersion('@microsoft/fetch-event-source'),
    documentedFollow('fetch-event-source', { fetchEventSource }),
  ),
  recipe(
    packageVersion('launchdarkly-eventsource'),
    documentedFollow('event-source', { EventSource: LaunchDarkly }),
  ),
  eventsourceClient(packageVersion('eventsource-client')),
  recipe(packageVersion('eventsource-parser'), documentedFollow('eventsource-parser', { createParser })),
];

/** For our own client, which makes the URL by itself. */
function serviceAndRun(url: string): string[] {
  const { origin, pathname, searchParams } = new URL(url);
  return [origin, pathname.split('/')[2] ?? '', ...searchParams.getAll('last_event_id')];
}

/** Programs of other makers, where they are there. */
export function programClients(): Driver[] {
  const curl = firstLineOf('curl', ['--version']);
  const python = firstLineOf('python3', ['--version']);
  return [
    ...(curl ? [program(curl.split(' ').slice(0, 2).join(' '), 'bash', 'curl')] : []),
    ...(python ? [program(python, 'python3', 'python', serviceAndRun)] : []),
  ];
}
