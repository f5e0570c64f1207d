import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { configureRunstream } from '../../src/configure-runstream.js';
import type { ConfigureOptions } from '../../src/http/edge/edge-options.js';
import { RunstreamModule } from '../../src/runstream.module.js';
import { ALL_ROUTES, type RunstreamOptions } from '../../src/runstream-options.js';
import { PATIENCE_MS, testRedisUrl } from './redis.js';

/** Runstream in an application of the test's own process: for options that no variable sets, and to look inside. */
export interface TestApplication {
  readonly url: string;
  readonly app: NestExpressApplication;
  readonly server: Server;
  close(): Promise<void>;
}

/** A machine that is busy with other things is no overload. Tests of that switch it on again. */
const QUIET = { maxEventLoopDelayMs: 0 };

/** What the application has besides Runstream. */
export interface StartOptions {
  imports?: readonly (Type | DynamicModule)[];
  edge?: ConfigureOptions;
  /** Called once Runstream is configured. */
  configure?: (app: NestExpressApplication) => void;
}

@Module({})
class ApplicationModule {}

/** On a real socket and on the test Redis, unless `options` name another. */
export async function startApplication(
  { redis = { url: testRedisUrl() }, ...options }: Partial<RunstreamOptions> = {},
  { imports = [], edge, configure }: StartOptions = {},
): Promise<TestApplication> {
  const runstream = RunstreamModule.forRoot({
    redis: { commandTimeoutMs: PATIENCE_MS, ...redis },
    admission: QUIET,
    routes: ALL_ROUTES,
    metrics: { processMetrics: true },
    ...options,
  });
  const app = await NestFactory.create<NestExpressApplication>(
    { module: ApplicationModule, imports: [runstream, ...imports] },
    { bodyParser: false, logger: false },
  );
  configureRunstream(app, { maxRequestBytes: 8 * 1024 * 1024, corsOrigins: 'localhost', ...edge });
  configure?.(app);
  await app.listen(0, '127.0.0.1');
  const server: Server = app.getHttpServer();
  return {
    app,
    server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => app.close(),
  };
}
