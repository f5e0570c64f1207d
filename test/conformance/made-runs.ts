import type { Target } from './client.js';
import { exchange, type Outgoing, type Reply } from './http.js';

const AT_ONCE = 8;
const CLEANING_MS = 60_000;

/** The runs that a suite has made: it deletes them, so that it leaves a server as it found it. */
export class MadeRuns {
  private readonly ids = new Set<string>();
  /** A request whose check has ended is not cut: who would know which run it made? */
  private readonly asking = new Set<Promise<unknown>>();
  private readonly end = new AbortController();

  /** Sends a `POST /runs`. The check's own signal ends the wait for it, not the request. */
  async create(outgoing: Outgoing): Promise<Reply> {
    const { signal } = outgoing;
    const asked = exchange({ ...outgoing, signal: this.end.signal }).then((reply) => {
      this.note(reply);
      return reply;
    });
    this.asking.add(asked);
    asked.then(
      () => this.asking.delete(asked),
      () => this.asking.delete(asked),
    );
    return Promise.race([asked, aborted(signal)]);
  }

  /**
   * Deletes them all, those that have not ended too.
   *
   * @returns those that are still there, since the server did not let go of them
   */
  async deleteAll(target: Target): Promise<{ deleted: number; left: string[] }> {
    const signal = AbortSignal.timeout(CLEANING_MS);
    await Promise.race([Promise.allSettled(this.asking), aborted(signal).catch(() => undefined)]);
    this.end.abort();
    const left: string[] = [];
    const ids = [...this.ids];
    const queue = ids.values();
    const lane = async (): Promise<void> => {
      for (const id of queue) {
        const url = new URL(`${target.url.replace(/\/+$/, '')}/runs/${id}`);
        const gone = await exchange({ method: 'DELETE', url, headers: target.headers ?? {}, signal }).catch(
          () => undefined,
        );
        if (![204, 404].includes(gone?.status ?? 0)) left.push(id);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    this.ids.clear();
    return { deleted: ids.length - left.length, left };
  }

  private note(reply: Reply): void {
    if (reply.status !== 201) return;
    try {
      const { id } = reply.json<{ id?: unknown }>();
      if (typeof id === 'string' && /^[\w-]+$/.test(id)) this.ids.add(id);
    } catch {
      // The check says what is wrong with it.
    }
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
