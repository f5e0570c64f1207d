import type { Request, Response } from 'express';
import { setLongTimeout } from '../../common/index.js';
import { begin } from '../edge/life/request-life.js';
import { hasBody } from './has-body.js';

/** What is still read and thrown away of a body that nobody takes, in bytes. */
const MOST_DISCARDED_BYTES = 64 * 1024 * 1024;

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
  const life = begin(request, response);
  life.onEnd(() => {
    if (!request.complete && life.answered) discardRest(request, lingerMs, closes);
  });
}

/** The life of the request is over, so this has an end of its own. */
function discardRest(request: Request, lingerMs: number, closes: boolean): void {
  const { socket } = request;
  let discarded = 0;
  const cut = (): void => {
    socket.destroy();
  };
  const timer = setLongTimeout(cut, lingerMs, { ref: false });
  request.on('data', (chunk: Buffer) => {
    discarded += chunk.length;
    if (discarded > MOST_DISCARDED_BYTES) cut();
  });
  request.once('end', () => {
    timer.cancel();
    if (closes) socket.end();
  });
  // Ends with the socket, too: a destroyed request tells so.
  request.once('error', () => {
    timer.cancel();
  });
}
