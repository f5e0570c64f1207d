import assert from 'node:assert/strict';
import type { RecordedEvent } from '../../conformance/model.js';
import { eventually } from '../../support/eventually.js';
import type { SeededRandom } from '../../support/seeded-random.js';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.js';
import { CONTROL_FRAMES, type Driver, type Following, type Heard } from './driver.js';

/** How a client came through a scenario, whose log it held exactly. */
export interface Outcome {
  client: string;
  events: number;
  /** Events that came again, and were told by their ids. */
  again: number;
  resets: number;
  requests: number;
}

/** Types that a client listens for where events have names. */
const NAMES = ['lifecycle.started', 'llm.stream', 'log.stdout', 'lifecycle.completed'];

/** A client in a scenario, on a line of its own. */
export class Watching {
  readonly heard: Heard[] = [];
  resets = 0;
  private hasStopped = false;
  private failure: Error | undefined;
  private following: Following | undefined;
  private sent = '';

  private constructor(
    readonly driver: Driver,
    private readonly line: TcpProxy,
  ) {}

  /**
   * @param port what it asks: the service, or a proxy before it
   * @param resets how many of its connections are reset, each at some byte
   */
  static async connect(
    driver: Driver,
    port: number,
    resets: number,
    random: SeededRandom,
  ): Promise<Watching> {
    let left = resets;
    const line = await startTcpProxy(port, () =>
      left-- > 0
        ? { afterBytes: random.integer(1, 6000), onCut: () => watching.resets++, reset: true }
        : undefined,
    );
    const watching = new Watching(driver, line);
    return watching;
  }

  open(path: string): void {
    const url = `http://127.0.0.1:${this.line.port}${path}`;
    this.following = this.driver.open({ url, names: NAMES, onHeard: (heard) => void this.heard.push(heard) });
    this.following.stopped.then(
      () => (this.hasStopped = true),
      (error: unknown) => (this.failure = error as Error),
    );
  }

  /** Waits until it asks for nothing more. */
  async stopped(): Promise<void> {
    await eventually(`${this.driver.name} has stopped`, () => {
      if (this.failure) throw this.failure;
      return this.hasStopped;
    });
  }

  get requests(): readonly string[] {
    this.sent += this.line.takeSent();
    return this.sent.match(/^(GET|OPTIONS) .*$/gm) ?? [];
  }

  /** @throws AssertionError when a request named another origin, or none */
  assertOrigin(origin: string): void {
    const asked = this.requests.length;
    const named = [...this.sent.matchAll(/^origin: (.*)\r$/gim)].filter(([, name]) => name === origin);
    assert.equal(named.length, asked, `${this.driver.name}: requests from ${origin}`);
  }

  /** @throws AssertionError when it does not hold exactly this */
  outcome(log: readonly RecordedEvent[]): Outcome {
    const { name: client } = this.driver;
    const events = this.heard.filter(({ name }) => !CONTROL_FRAMES.includes(name));
    const seen = new Set<string>();
    const once = events.filter(({ id }) => !seen.has(id) && seen.add(id));
    const ids = (all: readonly { id: string }[]): string => all.map(({ id }) => id).join('\n');
    assert.equal(ids(once), ids(log), `${client}: ids`);
    const data = once.map((each) => JSON.parse(each.data) as unknown);
    assert.deepEqual(data, log, `${client}: data`);
    const { resets, requests } = this;
    return {
      client,
      events: log.length,
      again: events.length - once.length,
      resets,
      requests: requests.length,
    };
  }

  async close(): Promise<void> {
    await this.following?.close();
    await this.line.close();
  }
}
