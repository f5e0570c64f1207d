import 'reflect-metadata';
import { Body, Controller, type MessageEvent, Module, Post, Sse } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type Observable, Subject } from 'rxjs';

/** The comparison: what NestJS gives by itself. One Subject, in memory, with the framework's own writer. */
@Controller()
class PlainSseController {
  private readonly events = new Subject<MessageEvent>();
  private count = 0;

  @Post('events')
  publish(@Body() body: object): object {
    this.count += 1;
    this.events.next({ id: String(this.count), type: 'llm.stream', data: JSON.stringify(body) });
    return { count: this.count };
  }

  @Sse('stream')
  stream(): Observable<MessageEvent> {
    return this.events;
  }
}

@Module({ controllers: [PlainSseController] })
class PlainSseModule {}

const app = await NestFactory.create(PlainSseModule, { logger: false });
await app.listen(0, '127.0.0.1');
console.log(`Serving on ${await app.getUrl()}`);
process.once('SIGTERM', () => process.exit(0));
process.stdin.resume().once('end', () => process.exit(0));
