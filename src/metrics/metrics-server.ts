import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  Optional,
} from '@nestjs/common';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RequestOrigin } from '../auth/index.js';
import { RunstreamError } from '../common/index.js';
import { METRICS_OPTIONS, type MetricsOptions } from './metrics-options.js';
import { MetricsRegistry } from './metrics-registry.js';

/** Serves metrics on a port of their own, which a firewall can keep for the one who scrapes. */
@Injectable()
export class MetricsServer implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Metrics');
  private server: Server | undefined;

  constructor(
    private readonly registry: MetricsRegistry,
    @Inject(METRICS_OPTIONS) private readonly options: MetricsOptions,
    @Optional() private readonly origin?: RequestOrigin,
  ) {}

  /** Undefined while it does not listen. */
  get port(): number | undefined {
    return (this.server?.address() as AddressInfo | null | undefined)?.port;
  }

  async onApplicationBootstrap(): Promise<void> {
    const { port, host = '127.0.0.1' } = this.options;
    if (port === undefined) return;
    this.server = createServer((request, response) => {
      this.answer(request, response).catch((error: unknown) => {
        if (error instanceof RunstreamError) {
          response.writeHead(error.status, { 'Content-Type': 'text/plain' }).end(`${error.message}\n`);
          return;
        }
        this.logger.error(error);
        response.writeHead(500).end();
      });
    });
    this.server.listen(port, host);
    await once(this.server, 'listening');
    this.logger.log(
      `Metrics are at http://${host.includes(':') ? `[${host}]` : host}:${this.port ?? port}/metrics`,
    );
  }

  async onApplicationShutdown(): Promise<void> {
    const { server } = this;
    if (!server?.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'GET' || request.url?.replace(/\?.*$/s, '') !== '/metrics') {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('Only GET /metrics is served here.\n');
      return;
    }
    this.origin?.assertHost(request);
    const text = await this.registry.text();
    response
      .writeHead(200, { 'Content-Type': this.registry.contentType, 'Cache-Control': 'no-store' })
      .end(text);
  }
}
