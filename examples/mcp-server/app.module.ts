import { Module } from '@nestjs/common';
import { RunstreamModule } from 'runstream';
import { McpEvents } from './mcp-events.js';
import { McpSessions } from './mcp-sessions.js';
import { McpController } from './mcp.controller.js';

@Module({
  imports: [
    RunstreamModule.forRoot({
      redis: { url: process.env.REDIS_URL ?? 'redis://localhost:6379' },
      tenancy: { enabled: true },
    }),
    RunstreamModule.forFeature(McpEvents),
  ],
  controllers: [McpController],
  providers: [McpSessions],
})
export class AppModule {}
