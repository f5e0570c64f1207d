import { RunstreamClientError } from '@runstream/client';
import { signal } from '@preact/signals';
import { noteServiceTime, serviceNow } from './clock.js';

const PROBE_MS = 2000;

/** What does not answer, and since when (ms since 1970). */
export interface Outage {
  what: 'store' | 'service';
  since: number;
}

/** Sees every request of the page, so that whoever meets an outage first tells all; asks itself until it is over. */
export class OutageWatch {
  readonly outage = signal<Outage | undefined>(undefined);
  private isProbing = false;

  /** @param ready throws when the service can't serve */
  constructor(private readonly ready: () => Promise<unknown>) {}

  readonly fetch: typeof fetch = async (input, init) => {
    const sentMs = Date.now();
    try {
      const response = await fetch(input, init);
      noteServiceTime(response.headers.get('Date'), sentMs);
      if (response.status >= 502 && response.status <= 504) this.suspect();
      return response;
    } catch (error) {
      // Who gave up waiting has learned nothing of the service.
      if (init?.signal?.aborted !== true) this.suspect();
      throw error;
    }
  };

  private suspect(): void {
    if (this.isProbing) return;
    this.isProbing = true;
    void this.probe().finally(() => (this.isProbing = false));
  }

  private async probe(): Promise<void> {
    for (let what = await this.look(); what; what = await this.look()) {
      const { since = serviceNow() } = this.outage.value ?? {};
      if (this.outage.value?.what !== what) this.outage.value = { what, since };
      await new Promise((resolve) => setTimeout(resolve, PROBE_MS));
    }
    this.outage.value = undefined;
  }

  private async look(): Promise<Outage['what'] | undefined> {
    try {
      await this.ready();
      return undefined;
    } catch (error) {
      if (!(error instanceof RunstreamClientError)) return undefined;
      if (error.code === 'REDIS_UNAVAILABLE') return 'store';
      return error.status === 0 || error.code === 'UNEXPECTED_ANSWER' ? 'service' : undefined;
    }
  }
}
