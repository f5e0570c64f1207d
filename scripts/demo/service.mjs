/** Something that the demo cannot go on from: its message is the one sentence that a user sees. */
export class DemoError extends Error {}

/** The calls of the demo's producer and reader. */
export class Service {
  constructor(baseUrl, signal) {
    this.baseUrl = baseUrl.replace(/\/+$/, '');
    this.signal = signal;
  }

  async ensureRunning() {
    try {
      await fetch(`${this.baseUrl}/health/live`, { signal: this.signal });
    } catch {
      throw new DemoError(
        `Nothing answers at ${this.baseUrl}: start the service with npm start in another terminal.`,
      );
    }
  }

  createRun(task) {
    return this.#call('POST', '/runs', {
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ task, labels: { from: 'demo' } }),
    });
  }

  /** One request for a whole run: each event is stored as soon as its line has arrived. */
  appendLines(run, events) {
    const lines = async function* () {
      for await (const event of events) yield Buffer.from(`${JSON.stringify(event)}\n`);
    };
    return this.#call('POST', run.links.events, {
      headers: { 'Content-Type': 'application/x-ndjson' },
      body: ReadableStream.from(lines()),
      duplex: 'half',
    });
  }

  /** The whole log, page by page. */
  async history(run, pageSize) {
    const events = [];
    for (let next = '-'; next !== null;) {
      const page = await this.#call('GET', `${run.links.events}?start_id=${next}&limit=${pageSize}`);
      events.push(...page.events);
      next = page.next_id;
    }
    return events;
  }

  async #call(method, path, options) {
    let response;
    let body;
    try {
      response = await fetch(this.baseUrl + path, { method, signal: this.signal, ...options });
      body = await response.json();
    } catch {
      this.signal.throwIfAborted();
      throw new DemoError(`${method} ${path} got no answer: is the service still running?`);
    }
    if (!response.ok) throw new DemoError(`${method} ${path}: ${body.code}: ${body.message}`);
    return body;
  }
}
