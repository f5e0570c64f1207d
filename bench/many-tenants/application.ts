/**
 * The whole application, as it is served, without handlers of its own: `application.ts <Redis URL>`. It tells what part of
 * a core it has used since it was asked last.
 */
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { AppModule } from '../../src/app.module.js';
import { loadConfig } from '../../src/config/index.js';
import { answerJobs } from '../support/load-process.js';

const [url = ''] = process.argv.slice(2);

const config = loadConfig({ HOST: '127.0.0.1', PORT: '0', MULTI_TENANCY_ENABLED: 'true' });
const app = await NestFactory.create(AppModule.forRoot(config, url), { logger: ['error', 'warn'] });
await app.listen(0, config.host);

let since = process.cpuUsage();
let sinceMs = performance.now();

await answerJobs<null, number>(() => {
  const { user, system } = process.cpuUsage(since);
  const percent = (user + system) / 10 / (performance.now() - sinceMs);
  since = process.cpuUsage();
  sinceMs = performance.now();
  return Promise.resolve(percent);
});
