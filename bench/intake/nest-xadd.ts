/** The comparison: what one writes with NestJS. A controller, a DTO that class-validator checks, and one XADD. */
import 'reflect-metadata';
import { Body, Controller, Module, Param, Post, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Type } from 'class-transformer';
import { IsObject, IsOptional, IsString, Length, Matches, ValidateNested } from 'class-validator';
import { BareStore, type Stored } from './store.js';

class EventNameDto {
  @Matches(/^[a-z][a-z0-9_]{0,31}$/)
  category!: string;

  @Matches(/^[a-z][a-z0-9_]{0,31}$/)
  action!: string;
}

class SourceDto {
  @IsString()
  @Length(1, 128)
  agent_id!: string;
}

class EventDto {
  @ValidateNested()
  @Type(() => EventNameDto)
  event!: EventNameDto;

  @IsOptional()
  @ValidateNested()
  @Type(() => SourceDto)
  source?: SourceDto;

  @IsObject()
  data!: object;
}

const store = new BareStore(process.argv[2]!);

@Controller('runs/:run_id/events')
class EventsController {
  @Post()
  append(@Param('run_id') runId: string, @Body() event: EventDto): Promise<Stored> {
    return store.append(runId, event);
  }
}

@Module({ controllers: [EventsController] })
class EventsModule {}

const app = await NestFactory.create(EventsModule, { logger: false });
app.useGlobalPipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true }));
await app.listen(0, '127.0.0.1');
console.log(`Serving on ${await app.getUrl()}`);
process.once('SIGTERM', () => process.exit(0));
process.stdin.resume().once('end', () => process.exit(0));
