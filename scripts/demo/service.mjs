/** Something that the demo cannot go on from: its message is the one sentence that a user sees. */
export class DemoError extends Error {}

const WHERE = 'Say where it is with --url, or with PORT.';
const CLEANING_MS = 5000;

/** The calls of the demo's producer and reader. */
export class Service {
  constructor(baseUrl, headers, signal) {
    if (!/^https?:/.test(baseUrl) || !URL.canParse(baseUrl)) {
      throw new DemoError(`"${baseUrl}" is no address of a service. ${WHERE}`);
    }
    this.baseUrl = baseUrl.replace(/\/+$/, '');
    this.headers = headers;
    this.signal = signal;
  }

  async ensureRunning() {
    let answer;
    try {
      answer = await fetch(`${this.baseUrl}/health/live`, { signal: this.signal });
    } catch {
      this.signal.throwIfAborted();
      throw new DemoError(
        `Nothing answers at ${this.baseUrl}: start the service with npm start in another terminal. ${WHERE}`,
      );
    }
    const said = await answer.json().catch(() => undefined);
    if (said?.status !== 'ok') {
      throw new DemoError(`What answers at ${this.baseUrl} is no Runstream service. ${WHERE}`);
    }
  }

  /** When nothing came of it. Whatever happens, what happened before is to be told. */
  async deleteRun(run) {
    const signal = AbortSignal.timeout(CLEANING_MS);
    const { headers } = this;
    await fetch(this.baseUrl + run.links.self, { method: 'DELETE', headers, signal }).catch(() => undefined);
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

  async #call(method, path, options = {}) {
    let response;
    let body;
    try {
      const headers = { ...this.headers, ...options.headers };
      response = await fetch(this.baseUrl + path, { method, signal: this.signal, ...options, headers });
      body = await response.json();
    } catch {
      this.signal.throwIfAborted();
      throw new DemoError(`${method} ${path} got no answer: is the service still running?`);
    }
    if (!response.ok) {
      const advice = [401, 403].includes(response.status)
        ? ` Give credentials with --header 'Authorization: …'.`
        : '';
      throw new DemoError(`${method} ${path}: ${body.code}: ${body.message}${advice}`);
    }
    return body;
  }
}
