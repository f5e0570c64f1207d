import { RunstreamClientError } from '@runstream/client';
import { signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { serviceNow } from '../service/clock.js';
import { noteRefusal } from '../service/session.js';
import { isShown, sleep } from './visibility.js';

export interface Answer<T> {
  data: T;
  /** When it came, in ms by the service's clock: ages that it names count from there. */
  at: number;
}

/** Asks again and again while somebody looks. What was known stays while the service is away, and the error beside it. */
export class Polled<T> {
  readonly answer = signal<Answer<T> | undefined>(undefined);
  readonly error = signal<unknown>(undefined);
  private readonly closing = new AbortController();
  private round = new AbortController();

  /** @param load asks; what it does ends with the signal */
  constructor(
    private readonly load: (signal: AbortSignal) => Promise<T>,
    private readonly everyMs: number,
  ) {}

  async open(): Promise<void> {
    const { signal: closed } = this.closing;
    try {
      while (!closed.aborted) {
        await isShown(closed);
        await this.ask();
        // Cut short by refresh().
        await sleep(this.everyMs, AbortSignal.any([closed, this.round.signal])).catch(() => undefined);
        if (this.round.signal.aborted) this.round = new AbortController();
      }
    } catch {
      // Closed.
    }
  }

  close(): void {
    this.closing.abort();
  }

  /** Asks now, for example after something was changed. */
  refresh(): void {
    this.round.abort();
  }

  private async ask(): Promise<void> {
    const { signal: closed } = this.closing;
    try {
      const data = await this.load(closed);
      if (closed.aborted) return;
      this.answer.value = { data, at: serviceNow() };
      this.error.value = undefined;
    } catch (error) {
      if (closed.aborted) return;
      this.error.value = error;
      noteRefusal(error);
      // It would say the same for ever.
      const isFinal = error instanceof RunstreamClientError && [401, 403, 404].includes(error.status);
      if (isFinal) this.closing.abort();
    }
  }
}

/** One that lasts as long as what shows it. Another `key` begins anew. */
export function usePolled<T>(
  load: (signal: AbortSignal) => Promise<T>,
  everyMs: number,
  key: unknown = '',
): Polled<T> {
  const polled = useMemo(() => new Polled(load, everyMs), [key]);
  useEffect(() => {
    void polled.open();
    return () => polled.close();
  }, [polled]);
  return polled;
}
