import { VersioningType } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { setupDocs } from 'runstream';
import { AppModule } from './app.module.js';
import { ProblemFilter } from './problem.filter.js';

const app = await NestFactory.create(AppModule);
app.setGlobalPrefix('api');
app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
app.useGlobalFilters(new ProblemFilter());
setupDocs(app);
app.enableShutdownHooks();
await app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
console.log(`Serving on ${await app.getUrl()}`);
