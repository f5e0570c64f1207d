import { SSE_ABORT_CONTROLLER } from '@nestjs/common';
import type { Request, Response } from 'express';

/** What led to a stream is over, and its request would keep all of it for as long as somebody watches. */
export function forgetRequest(request: Request): void {
  Object.assign(request, {
    watch: undefined,
    journalWatch: undefined,
    next: undefined,
    match: undefined,
    params: {},
    headers: {},
    rawHeaders: [],
    // What Express keeps of the parsed address.
    _parsedUrl: undefined,
    [SSE_ABORT_CONTROLLER]: undefined,
  });
}

/** What Node keeps of headers that are sent: each of them, and the whole head as text. */
interface SentHead {
  _header: string;
  _headerSent: boolean;
}

/** The headers are out, and the response would keep them: a sixth of what a watcher takes. */
export function forgetHead(response: Response): void {
  const head = response as unknown as SentHead;
  if (!head._headerSent) return;
  // Node offers no other way. What it still asks is whether there is a head.
  head._header = 'sent';
  const kept = Object.getOwnPropertySymbols(response).find(
    ({ description }) => description === 'kOutHeaders',
  );
  if (kept) Object.assign(response, { [kept]: null });
}
