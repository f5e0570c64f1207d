import { connect, type Socket } from 'node:net';
import { type ByteCut, ProxyFlow } from './proxy-flow.js';

/** What is wrong with all lines of a proxy at the moment. */
export interface Disturbance {
  latencyMs: number;
  lost: 'to-server' | 'to-client' | 'both' | false;
  frozen: boolean;
  bytewiseEvery: number;
}

/** One connection through a proxy. */
export class ProxyLine {
  readonly closed: Promise<unknown>;
  /** Whether the client has subscribed to a channel on it: a pub/sub connection of a Redis client. */
  isPubSub = false;
  private readonly server: Socket;
  private readonly toServer: ProxyFlow;
  private readonly toClient: ProxyFlow;

  constructor(
    readonly number: number,
    private readonly client: Socket,
    targetPort: number,
    private readonly disturbance: Disturbance,
    onSent: (bytes: string) => void,
    cut?: ByteCut,
  ) {
    this.server = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true });
    for (const socket of [client, this.server]) {
      socket.setNoDelay(true);
      // `close` follows.
      socket.on('error', () => {
        this.destroy();
      });
    }
    const every = (): number => disturbance.bytewiseEvery;
    const options = {
      latencyMs: () => disturbance.latencyMs,
      isBytewise: () => every() > 0 && number % every() === 0,
    };
    this.toServer = new ProxyFlow(client, this.server, options, (chunk) => {
      const text = chunk.toString('latin1');
      this.isPubSub ||= /ssubscribe/i.test(text);
      onSent(text);
    });
    this.toClient = new ProxyFlow(this.server, client, { ...options, cut });
    this.closed = Promise.all([client, this.server].map((socket) => closing(socket))).then(() => {
      this.toServer.stop();
      this.toClient.stop();
    });
    this.disturb();
  }

  /** Takes up what has changed. */
  disturb(): void {
    const { lost, frozen } = this.disturbance;
    if (lost === 'to-server' || lost === 'both') this.toServer.lose();
    if (lost === 'to-client' || lost === 'both') this.toClient.lose();
    this.toServer.freeze(frozen);
    this.toClient.freeze(frozen);
  }

  swallowAnswers(): void {
    this.toClient.lose();
  }

  destroy(): void {
    this.client.destroy();
    this.server.destroy();
  }
}

function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) =>
    socket.once('close', () => {
      resolve();
    }),
  );
}
