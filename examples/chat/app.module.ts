import { Module } from '@nestjs/common';
import { AdaptersModule, RunstreamModule } from 'runstream';
import { AssistantExecutor } from './assistant.executor.js';
import { ChatController } from './chat.controller.js';
import { ChatLog } from './chat-log.js';

@Module({
  imports: [
    RunstreamModule.forRoot({
      redis: { url: process.env.REDIS_URL ?? 'redis://localhost:6379' },
      // Chats are kept for thirty days, as their runs are.
      events: { ttlSeconds: 2_592_000 },
    }),
    // What `useChat` calls: POST /api/chat, GET /api/chat/:id/stream, POST /api/chat/:id/stop.
    AdaptersModule.forRoot({ aiSdk: { executor: 'assistant' } }),
  ],
  controllers: [ChatController],
  providers: [AssistantExecutor, ChatLog],
})
export class AppModule {}
