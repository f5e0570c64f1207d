import { setMaxListeners } from 'node:events';
import { Client, type Target } from '../conformance/client.js';

/** Clients of running services. What they have open is cut by `close()`, so that no test leaves a stream behind. */
export class Clients {
  private readonly end = new AbortController();

  constructor() {
    // Each request listens to it, and a test may have hundreds open.
    setMaxListeners(0, this.end.signal);
  }

  of(service: Target): Client {
    return new Client(service, this.end.signal);
  }

  close(): void {
    this.end.abort(new Error('the test has ended'));
  }
}
