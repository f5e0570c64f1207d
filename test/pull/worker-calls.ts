import { randomUUID } from 'node:crypto';
import { type Answer, ask } from '../access/ask.js';

export interface Claim {
  run: { id: string; status: string; attempt: number; executor: string; holder: { instance: string } | null };
  lease_token: string;
  lease_expires_at: string;
}

/** What a worker asks of a service, call by call. */
export class WorkerCalls {
  constructor(
    readonly url: string,
    readonly tenant: string,
    readonly worker = 'w1',
  ) {}

  /** The same worker, at another process. */
  at(url: string): WorkerCalls {
    return new WorkerCalls(url, this.tenant, this.worker);
  }

  call(method: string, path: string, json?: object, headers: Record<string, string> = {}): Promise<Answer> {
    return ask(this.url, method, path, {
      headers: { 'x-tenant-id': this.tenant, ...headers },
      ...(json && { json }),
    });
  }

  put(name: string, how: object = {}): Promise<Answer> {
    return this.call('PUT', `/executors/${name}`, how);
  }

  async create(executor: string, more: object = {}): Promise<string> {
    const { status, json, text } = await this.call('POST', '/runs', { task: 'x', executor, ...more });
    if (status !== 201) throw new Error(text);
    return String(json?.['id']);
  }

  claiming(name: string, more: object = {}): Promise<Answer> {
    return this.call('POST', `/executors/${name}/claims`, {
      ...{ worker: this.worker, claim_id: randomUUID(), wait_seconds: 20 },
      ...more,
    });
  }

  /** Empty where there were none. */
  async claims(name: string, more: object = {}): Promise<Claim[]> {
    const { status, json, text } = await this.claiming(name, more);
    if (status === 204) return [];
    if (status !== 200) throw new Error(text);
    return json?.['claims'] as Claim[];
  }

  /** Asks until there is one: on a busy machine nothing passes for lost for a while. */
  async claim(name: string, more: object = {}): Promise<Claim> {
    for (;;) {
      const [claim] = await this.claims(name, more);
      if (claim) return claim;
    }
  }

  append({ run, lease_token: token }: Claim, events: object | object[]): Promise<Answer> {
    return this.call('POST', `/runs/${run.id}/events`, events, { 'lease-token': token });
  }

  lease({ run, lease_token: token }: Claim, more: object = {}): Promise<Answer> {
    return this.call('POST', `/runs/${run.id}/lease`, more, { 'lease-token': token });
  }

  release({ run, lease_token: token }: Claim, more: object = {}): Promise<Answer> {
    return this.call('POST', `/runs/${run.id}/release`, more, { 'lease-token': token });
  }

  async run(id: string): Promise<Readonly<Record<string, unknown>>> {
    return (await this.call('GET', `/runs/${id}`)).json ?? {};
  }

  async types(id: string): Promise<string[]> {
    const { json } = await this.call('GET', `/runs/${id}/events`);
    const events = json?.['events'] as { event: { category: string; action: string } }[];
    return events.map(({ event }) => `${event.category}.${event.action}`);
  }
}

export const line = (text: string, more: object = {}): object => ({
  event: { category: 'log', action: 'stdout' },
  data: { line: text },
  ...more,
});

export const completed = (result: unknown = null): object => ({
  event: { category: 'lifecycle', action: 'completed' },
  data: { result },
});
