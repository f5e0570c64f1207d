import { RunstreamClient } from '@runstream/client';
import type { Readable } from 'node:stream';
import type { Output } from './output.js';
import type { Target } from './input/target.js';

/** What a command works with. */
export interface Session {
  client: RunstreamClient;
  out: Output;
  /** Of the service, without a slash at its end. */
  url: string;
  stdin: Readable;
  /** Ctrl-C. */
  signal: AbortSignal;
  /** By how much the clock of the service is ahead, as its last answer said; undefined without one. */
  clockSkewMs(): number | undefined;
}

export function openSession(
  { url, key, tenant }: Target,
  rest: Pick<Session, 'out' | 'stdin' | 'signal'>,
): Session {
  let skewMs: number | undefined;
  const client = new RunstreamClient({
    baseUrl: url,
    headers: {
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      ...(tenant !== undefined && { 'x-tenant-id': tenant }),
    },
    fetch: async (input, init) => {
      const startedAt = Date.now();
      const response = await fetch(input, init);
      const date = Date.parse(response.headers.get('date') ?? '');
      // The header has whole seconds, and was written somewhere in between.
      if (!Number.isNaN(date)) skewMs = date + 500 - (startedAt + Date.now()) / 2;
      return response;
    },
  });
  return { client, url, ...rest, clockSkewMs: () => skewMs };
}

/** The page of a run, or of all. */
export function linkTo(url: string, runId?: string): string {
  return runId === undefined ? `${url}/` : `${url}/#/runs/${encodeURIComponent(runId)}`;
}
