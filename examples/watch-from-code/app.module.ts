import { Module } from '@nestjs/common';
import { RunstreamModule } from 'runstream';
import { ImportEvents } from './import-events.js';
import { ImportsController } from './imports.controller.js';
import { ImportsService } from './imports.service.js';

@Module({
  imports: [
    RunstreamModule.forRoot({ redis: { url: process.env.REDIS_URL ?? 'redis://localhost:6379' } }),
    RunstreamModule.forFeature(ImportEvents),
  ],
  controllers: [ImportsController],
  providers: [ImportsService],
})
export class AppModule {}
