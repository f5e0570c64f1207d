import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { adaptersByName } from './adapters/index.js';
import { AppModule } from './app.module.js';
import type { RunstreamConfig } from './config/index.js';
import { configureRunstream } from './configure-runstream.js';
import { setupDocs } from './http/index.js';
import { optionsFromConfig } from './options-from-config.js';

/** What an application is given beside its configuration. */
export interface CreateAppOptions {
  /** Gives the metrics of all processes that share the port, if there are several. */
  collect?: (() => Promise<string>) | undefined;
  /** Default: Nest's own. */
  logger?: false;
}

/** The service as it is configured, before it listens. Rejects when Redis or the configuration will not do. */
export async function createApp(
  config: RunstreamConfig,
  redisUrl?: string,
  { collect, ...rest }: CreateAppOptions = {},
): Promise<NestExpressApplication> {
  const options = optionsFromConfig(config, redisUrl);
  const metrics = { ...options.metrics, ...(collect && { collect }) };
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.forRoot({ ...options, metrics }, adaptersByName(config.adapters)),
    { bodyParser: false, abortOnError: false, ...rest },
  );
  const { maxRequestBytes, corsOrigins, trustProxy } = config.http;
  configureRunstream(app, { maxRequestBytes, corsOrigins, ...(trustProxy !== undefined && { trustProxy }) });
  setupDocs(app);
  return app;
}
