import type { Request, Response } from 'express';
import { hasBody } from './has-body.js';

/**
 * A response may be finished before its request is: an upload refused half-way. Closing the socket at once
 * would reset the connection, and the client would lose the answer; keeping it would let an upload that is
 * already refused run for ever. So the rest is discarded for a while, and then the connection is closed.
 */
export function linger(request: Request, response: Response, lingerMs: number): void {
  if (!hasBody(request)) return;
  let closes = false;
  // Node itself would close as soon as the answer is written, if the client asked for `Connection: close`.
  if (!response.shouldKeepAlive) {
    const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => Response;
    response.writeHead = ((...args: unknown[]) => {
      if (!request.complete) {
        closes = true;
        response.shouldKeepAlive = true;
      }
      return writeHead(...args);
    }) as Response['writeHead'];
  }
  response.once('finish', () => {
    if (request.complete) return;
    const { socket } = request;
    const timer = setTimeout(() => socket.destroy(), lingerMs);
    timer.unref();
    request.once('end', () => {
      clearTimeout(timer);
      if (closes) socket.end();
    });
    socket.once('close', () => clearTimeout(timer));
  });
}
