import { randomUUID } from 'node:crypto';
import { assertOk, RawConnection, requestHead } from '../support/raw-http.js';

/** What a worker asks for, and of whom. */
export interface Place {
  /** Of the service. */
  url: string;
  tenant: string;
  executor: string;
}

/** A run in the hand of a worker. */
export interface Claimed {
  run: { id: string; task: string };
  lease_token: string;
}

/** Sends JSON over a connection that is kept. */
export class Calls {
  private constructor(
    private readonly place: Place,
    private readonly connection: RawConnection,
  ) {}

  static async open(place: Place): Promise<Calls> {
    return new Calls(place, await RawConnection.open(new URL(place.url)));
  }

  /** @returns undefined for a 204 */
  async call(
    method: string,
    path: string,
    json: object,
    headers: Record<string, string> = {},
  ): Promise<unknown> {
    const body = JSON.stringify(json);
    const answer = await this.connection.send(
      requestHead(method, new URL(this.place.url + path), {
        ...{ 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(body)) },
        ...{ 'X-Tenant-ID': this.place.tenant, ...headers },
      }) + body,
    );
    if (answer.startsWith('HTTP/1.1 204 ')) return undefined;
    assertOk(answer);
    return JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')));
  }

  async put(definition: object): Promise<void> {
    await this.call('PUT', `/executors/${this.place.executor}`, definition);
  }

  /** Empty when none came. */
  async claim(worker: string, max: number, waitSeconds: number): Promise<Claimed[]> {
    const asked = { worker, claim_id: randomUUID(), max, wait_seconds: waitSeconds };
    const answer = await this.call('POST', `/executors/${this.place.executor}/claims`, asked);
    return (answer as { claims: Claimed[] } | undefined)?.claims ?? [];
  }

  async append({ run, lease_token: token }: Claimed, events: object): Promise<void> {
    await this.call('POST', `/runs/${run.id}/events`, events, { 'Lease-Token': token });
  }

  close(): void {
    this.connection.close();
  }
}
