import { RunstreamClient } from '@runstream/client';

const meta = document.querySelector<HTMLMetaElement>('meta[name="runstream-service"]');

/** Where the routes are, with a slash at its end: the page may be below any prefix. */
export const SERVICE_URL = new URL(meta?.content ?? './', location.href).href;

export const client = new RunstreamClient({ baseUrl: SERVICE_URL });
