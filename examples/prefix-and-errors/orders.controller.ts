import { Body, ConflictException, Controller, Get, Param, Post } from '@nestjs/common';
import { Runstream } from 'runstream';

@Controller('orders')
export class OrdersController {
  private readonly runs = new Map<string, string>();

  constructor(private readonly runstream: Runstream) {}

  @Post()
  async place(@Body() { name }: { name: string }) {
    if (this.runs.has(name)) throw new ConflictException(`There is an order ${name} already.`);
    const { id } = await this.runstream.start({ task: `order ${name}` });
    this.runs.set(name, id);
    return { name, run: id };
  }

  /** What `Runstream` throws about an unknown run goes through the application's filter. */
  @Get('of-run/:run')
  async ofRun(@Param('run') run: string) {
    const { task, status } = await this.runstream.get(run);
    return { task, status };
  }
}
