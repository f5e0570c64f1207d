import { once } from 'node:events';
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';

/** Connections for single requests. Each has one request at a time; more would wait for one, and be measured so. */
const CONNECTIONS = 100;

/** The HTTP of the load: few objects and no parsing that is not needed, since it shares the machine. */
export class Load {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  private readonly open = new Set<ClientRequest>();
  private failure: Error | undefined;

  /** @throws what went wrong since the beginning, if anything did */
  check(): void {
    if (this.failure) throw this.failure;
  }

  async post(url: string, body: string, contentType = 'application/json'): Promise<string> {
    const headers = { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body) };
    const outgoing = request(url, { method: 'POST', headers, agent: this.agent });
    outgoing.end(body);
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    const answer = await text(response);
    if ((response.statusCode ?? 0) >= 300) throw new Error(`POST ${url}: ${response.statusCode} ${answer}`);
    return answer;
  }

  /** Posts without waiting for the answer; a bad one is found by check(). */
  fire(url: string, body: string): void {
    this.post(url, body).catch((error: unknown) => {
      this.fail(error);
    });
  }

  /** An NDJSON upload that stays open; `end()` it, and check() afterwards. */
  upload(url: string): ClientRequest {
    const headers = { 'Content-Type': 'application/x-ndjson' };
    const outgoing = request(url, { method: 'POST', headers, agent: false });
    outgoing.flushHeaders();
    outgoing.on('error', (error) => {
      this.fail(error);
    });
    outgoing.on('response', (response: IncomingMessage) => {
      response.resume();
      if ((response.statusCode ?? 0) >= 300) this.fail(new Error(`POST ${url}: ${response.statusCode}`));
    });
    this.open.add(outgoing);
    return outgoing;
  }

  /** Watches an event stream; resolves when the response has begun. */
  async watch(url: string, onFrame: (frame: string) => void): Promise<void> {
    const outgoing = request(url, { headers: { Accept: 'text/event-stream' }, agent: false });
    this.open.add(outgoing);
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    if (response.statusCode !== 200)
      throw new Error(`GET ${url}: ${response.statusCode} ${await text(response)}`);
    let rest = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      rest += chunk;
      let end: number;
      while ((end = rest.indexOf('\n\n')) >= 0) {
        onFrame(rest.slice(0, end));
        rest = rest.slice(end + 2);
      }
    });
    response.on('error', () => undefined); // close() cuts it
  }

  /** Cuts all connections. */
  close(): void {
    for (const outgoing of this.open) {
      outgoing.removeAllListeners('error').on('error', () => undefined);
      outgoing.destroy();
    }
    this.agent.destroy();
  }

  private fail(error: unknown): void {
    this.failure ??= error instanceof Error ? error : new Error(String(error));
  }
}
