import { Module } from '@nestjs/common';
import { RunstreamModule } from 'runstream';
import { RenderEvents } from './render-events.js';
import { RenderExecutor } from './render.executor.js';

/** All that its test needs. */
@Module({ imports: [RunstreamModule.forFeature(RenderEvents)], providers: [RenderExecutor] })
export class RenderModule {}
