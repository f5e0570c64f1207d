import type { AddressInfo } from 'node:net';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Logger, LoggerModule } from 'nestjs-pino';
import { RunstreamHealth } from 'runstream';
import { HostModule } from './host.module.js';

@Controller('health')
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly runstream: RunstreamHealth,
  ) {}

  @Get()
  @HealthCheck()
  check() {
    return this.health.check([() => this.runstream.isHealthy('runstream')]);
  }
}

@Module({
  imports: [HostModule, TerminusModule, LoggerModule.forRoot()],
  controllers: [HealthController],
})
class BesideModule {}

/** With terminus and pino beside. */
async function bootstrap(): Promise<void> {
  const app = await NestFactory.create(BesideModule, { bufferLogs: true });
  app.useLogger(app.get(Logger));
  app.enableShutdownHooks();
  await app.listen(0, '127.0.0.1');
  const server = app.getHttpServer() as { address(): AddressInfo };
  console.log(`Listening on http://127.0.0.1:${server.address().port}`);
}
void bootstrap();
