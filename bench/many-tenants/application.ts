/**
 * The whole application, as it is served, without handlers of its own: `application.ts <Redis URL>`. It tells what part of
 * a core it has used since it was asked last.
 */
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { AppModule } from '../../src/app.module.js';
import { optionsFromEnv } from '../../src/options-from-config.js';
import { answerJobs } from '../support/load-process.js';

const [url = ''] = process.argv.slice(2);

const options = optionsFromEnv({ REDIS_URL: url, MULTI_TENANCY_ENABLED: 'true' });
const app = await NestFactory.create(AppModule.forRoot(options), { logger: ['error', 'warn'] });
await app.listen(0, '127.0.0.1');

let since = process.cpuUsage();
let sinceMs = performance.now();

await answerJobs<null, number>(() => {
  const { user, system } = process.cpuUsage(since);
  const percent = (user + system) / 10 / (performance.now() - sinceMs);
  since = process.cpuUsage();
  sinceMs = performance.now();
  return Promise.resolve(percent);
});
