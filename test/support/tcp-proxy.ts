import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { ByteCut } from './proxy-flow.js';
import { type Disturbance, ProxyLine } from './proxy-line.js';

export type { ProxyLine } from './proxy-line.js';

/** What vanishes on a half-open line. */
export type LostDirection = 'to-server' | 'to-client' | 'both';

/** A line between a client and a server that a test can disturb. */
export interface TcpProxy {
  readonly port: number;
  /** Connections that there are. */
  readonly lines: ReadonlySet<ProxyLine>;
  /** Connections that there were, from the beginning. */
  readonly accepted: number;
  /** Drops what the server answers from now on, on connections that there are: requests still reach it. */
  swallowAnswers(): void;
  /** Breaks connections, all or some. New ones pass. Returns how many. */
  cut(which?: (line: ProxyLine) => boolean): number;
  /** Breaks every connection, and new ones too until it is called with `false`. */
  refuse(isRefusing: boolean): void;
  /** Every byte arrives so much later, in each direction; 0 ends it. */
  latency(ms: number): void;
  /**
   * Bytes vanish and nobody is told, until `false`. Connections of that time stay so for good, as those do whose state
   * a firewall has forgotten; new ones pass again.
   */
  halfOpen(lost: LostDirection | false): void;
  /** Nothing moves and nothing is lost, until `false`. */
  freeze(isFrozen: boolean): void;
  /** On every `n`-th connection each byte travels alone; 0 ends it. */
  bytewise(every: number): void;
  /** Bytes that clients have sent since the last look; the newest 4 MiB of them. */
  takeSent(): string;
  close(): Promise<void>;
}

const KEPT_CHARS = 4 * 1024 * 1024;

/**
 * @param target the server's port on loopback, or what finds it for each connection; undefined refuses it
 * @param nextCut asked for each connection: where its bytes to the client are cut. Default: nowhere.
 */
export async function startTcpProxy(
  target: number | (() => number | undefined),
  nextCut: () => ByteCut | undefined = () => undefined,
): Promise<TcpProxy> {
  const lines = new Set<ProxyLine>();
  const disturbance: Disturbance = { latencyMs: 0, lost: false, frozen: false, bytewiseEvery: 0 };
  let sent = '';
  let isRefusing = false;
  let accepted = 0;
  const listener = createServer({ allowHalfOpen: true }, (client) => {
    const port = typeof target === 'number' ? target : target();
    if (isRefusing || port === undefined) {
      client.on('error', () => undefined).destroy();
      return;
    }
    const onSent = (bytes: string): void => {
      sent += bytes;
      if (sent.length > 2 * KEPT_CHARS) sent = sent.slice(-KEPT_CHARS);
    };
    const line = new ProxyLine(++accepted, client, port, disturbance, onSent, nextCut());
    lines.add(line);
    line.closed.then(
      () => lines.delete(line),
      () => undefined,
    );
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const changed = (): void => {
    for (const line of lines) line.disturb();
  };
  const cut: TcpProxy['cut'] = (which = () => true) => {
    const chosen = [...lines].filter(which);
    for (const line of chosen) line.destroy();
    return chosen.length;
  };
  return {
    port: (listener.address() as AddressInfo).port,
    lines,
    get accepted() {
      return accepted;
    },
    swallowAnswers: () => {
      for (const line of lines) line.swallowAnswers();
    },
    cut,
    refuse: (yes) => {
      isRefusing = yes;
      if (yes) cut();
    },
    latency: (ms) => {
      disturbance.latencyMs = ms;
    },
    halfOpen: (lost) => {
      disturbance.lost = lost;
      changed();
    },
    freeze: (frozen) => {
      disturbance.frozen = frozen;
      changed();
    },
    bytewise: (every) => {
      disturbance.bytewiseEvery = every;
    },
    takeSent: () => {
      const taken = sent;
      sent = '';
      return taken;
    },
    close: async () => {
      const closed = once(listener, 'close');
      listener.close();
      cut();
      await closed;
    },
  };
}
