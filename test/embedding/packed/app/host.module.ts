import {
  Body,
  ConflictException,
  Controller,
  Get,
  Module,
  Post,
  Query,
  UploadedFile,
  UseInterceptors,
} from '@nestjs/common';
import { FileInterceptor } from '@nestjs/platform-express';
import { Runstream } from 'runstream';
// Made from the README.
import { AppModule } from './app.module.js';

/** What an application has of its own. */
@Controller('orders')
export class OrdersController {
  constructor(private readonly runs: Runstream) {}

  @Get()
  list(@Query() query: Record<string, string>) {
    return { orders: [], query };
  }

  @Get('conflict')
  conflict(): never {
    throw new ConflictException('order exists');
  }

  /** Starts a run from code, and follows it to its end. */
  @Post()
  async create(@Body() { order }: { order: string }) {
    const { id } = await this.runs.start({ executor: 'summarise', task: `order ${order}` });
    const types: string[] = [];
    for await (const update of this.runs.watch(id)) {
      if (update.kind !== 'event') continue;
      const { category, action } = update.event.event;
      types.push(`${category}.${action}`);
    }
    return { id, types, result: (await this.runs.get(id)).result };
  }

  @Post('file')
  @UseInterceptors(FileInterceptor('file'))
  file(@UploadedFile() file: { size: number }) {
    return { size: file.size };
  }
}

@Module({ imports: [AppModule], controllers: [OrdersController] })
export class HostModule {}
