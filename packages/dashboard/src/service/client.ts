import { RunstreamClient } from '@runstream/client';
import { OutageWatch } from './outage.js';

const meta = document.querySelector<HTMLMetaElement>('meta[name="runstream-service"]');

/** Where the routes are, with a slash at its end: the page may be below any prefix. */
export const SERVICE_URL = new URL(meta?.content ?? './', location.href).href;

const watch: OutageWatch = new OutageWatch(() => client.health.ready());

/** What does not answer; undefined while all is well. */
export const outage = watch.outage;

export const client: RunstreamClient = new RunstreamClient({ baseUrl: SERVICE_URL, fetch: watch.fetch });
