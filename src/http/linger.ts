import type { NextFunction, Request, Response } from 'express';

/**
 * A response may be finished before its request is: an upload refused half-way. Closing the socket at once
 * would reset the connection, and the client would lose the answer; keeping it would let an upload that is
 * already refused run for ever. So the rest is discarded for a while, and then the connection is closed.
 */
export function linger(lingerMs: number) {
  return (request: Request, response: Response, next: NextFunction): void => {
    response.once('finish', () => {
      if (request.complete) return;
      const { socket } = request;
      const timer = setTimeout(() => socket.destroy(), lingerMs);
      timer.unref();
      const done = () => clearTimeout(timer);
      request.once('end', done);
      socket.once('close', done);
    });
    next();
  };
}
