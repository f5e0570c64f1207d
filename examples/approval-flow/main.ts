import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { configureRunstream } from 'runstream';
import { AppModule } from './app.module.js';

const { REDIS_URL, PORT = '3000' } = process.env;
if (!REDIS_URL) throw new Error('Set REDIS_URL, for example to redis://localhost:6379.');

const app = await NestFactory.create<NestExpressApplication>(AppModule.forRoot(REDIS_URL), {
  bodyParser: false,
});
configureRunstream(app, { maxRequestBytes: 1024 * 1024, corsOrigins: 'localhost' });
app.enableShutdownHooks();
await app.listen(Number(PORT), '127.0.0.1');
console.log(`Serving on ${await app.getUrl()}`);
