import { Module } from '@nestjs/common';
import { RunstreamModule } from 'runstream';
import { RenderModule } from './render.module.js';

@Module({
  imports: [
    RunstreamModule.forRoot({ redis: { url: process.env.REDIS_URL ?? 'redis://localhost:6379' } }),
    RenderModule,
  ],
})
export class AppModule {}
