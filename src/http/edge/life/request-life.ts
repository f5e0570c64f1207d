import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * From the first byte of a request that the server has seen to the moment when nothing can be answered any more.
 *
 * Whatever is taken for a request is given back here, and nowhere else is listened for its end. Node tells that end in
 * several ways, none of which is complete: a response that waits behind another one on its socket (pipelining) never
 * closes when the socket does, and a listener that is attached after an `await` may be too late for all of them.
 */
export class RequestLife {
  private callbacks: (() => void)[] | undefined;
  private abort: AbortController | undefined;
  private isOver = false;
  private isAnswered = false;

  /** Whether it has ended: nobody is there any more, or the answer is complete. */
  get over(): boolean {
    return this.isOver;
  }

  /** Whether the whole answer was handed over while the client was connected. */
  get answered(): boolean {
    return this.isAnswered;
  }

  /**
   * Calls `work` once, at the end; at once if that has come already.
   *
   * @returns a function that takes it back
   */
  onEnd(work: () => void): () => void {
    if (this.isOver) {
      work();
      return () => undefined;
    }
    // A push would make room for seventeen, and there are two or three.
    this.callbacks = this.callbacks ? [...this.callbacks, work] : [work];
    return () => {
      const at = this.callbacks?.indexOf(work) ?? -1;
      if (at >= 0) this.callbacks?.splice(at, 1);
    };
  }

  /** Aborted when the request ends without its answer. Made when it is asked for: most requests need none. */
  get signal(): AbortSignal {
    this.abort ??= new AbortController();
    if (this.isOver && !this.isAnswered) this.abort.abort();
    return this.abort.signal;
  }

  /** For `begin()` alone. */
  finish(): void {
    this.isAnswered = !this.isOver;
  }

  /** For `begin()` alone. */
  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    if (!this.isAnswered) this.abort?.abort();
    const { callbacks = [] } = this;
    this.callbacks = undefined;
    for (const work of callbacks) work();
  }
}

const LIFE = Symbol('runstream.life');
const LIVES = Symbol('runstream.lives');

interface WithLife {
  [LIFE]?: RequestLife;
}
interface WithLives {
  [LIVES]?: RequestLife[];
}

/**
 * The life of a request; the same one at each call. It must be called for the first time before anything is awaited.
 * The service does so in a listener before all others (http-server.ts).
 */
export function begin(request: IncomingMessage & WithLife, response: ServerResponse): RequestLife {
  const known = request[LIFE];
  if (known) return known;
  const life = (request[LIFE] = new RequestLife());
  const { socket } = request;
  if (socket.destroyed) {
    life.end();
    return life;
  }
  const lives = join(socket, life);
  // Each of these comes once at most, and `once` would keep three objects more for as long as somebody watches.
  response.on('finish', () => {
    // Not `writableFinished`: Node 20 sets that for an answer that nobody was there to take.
    if (!socket.destroyed) life.finish();
  });
  response.on('close', () => {
    const at = lives.indexOf(life);
    if (at >= 0) lives.splice(at, 1);
    life.end();
  });
  return life;
}

/** The life of a request that has begun. */
export function lifeOf(request: IncomingMessage & WithLife): RequestLife {
  const life = request[LIFE];
  if (!life) throw new Error('The request has no life: begin() must see it before anybody else does.');
  return life;
}

/** How many requests of a socket have begun and not ended. */
export function requestsUnderWay(socket: Socket & WithLives): number {
  return socket[LIVES]?.length ?? 0;
}

/** One list and one listener for each socket, however many requests it carries. */
function join(socket: Socket & WithLives, life: RequestLife): RequestLife[] {
  const known = socket[LIVES];
  if (known) {
    known.push(life);
    return known;
  }
  // An empty array would grow to seventeen places at the first push.
  const lives = (socket[LIVES] = [life]);
  socket.on('close', () => {
    for (const one of lives.splice(0)) one.end();
  });
  return lives;
}
