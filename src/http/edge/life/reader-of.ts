import type { Request } from 'express';
import '../../request.js';
import { lifeOf } from './request-life.js';

/** For whom what a request asks for is read from Redis: until nobody is there any more to be answered. */
export function readerOf(request: Request): { lane: 'page'; caller: string; signal: AbortSignal } {
  return { lane: 'page', caller: request.caller, signal: lifeOf(request).signal };
}
