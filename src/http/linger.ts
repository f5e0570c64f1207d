import type { NextFunction, Request, Response } from 'express';

/**
 * A response may be finished before its request is: an upload refused half-way. Closing the socket at once
 * would reset the connection, and the client would lose the answer; keeping it would let an upload that is
 * already refused run for ever. So the rest is discarded for a while, and then the connection is closed.
 */
export function linger(lingerMs: number) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => Response;
    let closes = false;
    // Node itself would close as soon as the answer is written, if the client asked for `Connection: close`.
    response.writeHead = ((...args: unknown[]) => {
      if (!request.complete && !response.shouldKeepAlive) {
        closes = true;
        response.shouldKeepAlive = true;
      }
      return writeHead(...args);
    }) as Response['writeHead'];
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
    next();
  };
}
