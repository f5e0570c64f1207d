import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { configureRunstream } from 'runstream';
import { HostModule } from './host.module.js';

/** The service's edge for the whole application. */
async function bootstrap(): Promise<void> {
  const app = await NestFactory.create(HostModule, { logger: ['warn', 'error'] });
  configureRunstream(app);
  await app.listen(0, '127.0.0.1');
  const server = app.getHttpServer() as { address(): AddressInfo };
  console.log(`Listening on http://127.0.0.1:${server.address().port}`);
}
void bootstrap();
