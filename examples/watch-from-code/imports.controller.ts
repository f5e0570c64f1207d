import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  type MessageEvent,
  Param,
  Post,
  Query,
  Sse,
} from '@nestjs/common';
import { Runstream } from 'runstream';
import { concatMap, type Observable } from 'rxjs';
import { ImportsService } from './imports.service.js';

/** Routes of the application's own, with answers and frames of its own. */
@Controller('imports')
export class ImportsController {
  constructor(
    private readonly imports: ImportsService,
    private readonly runs: Runstream,
  ) {}

  @Post()
  async start(@Body() { file, rows }: { file: string; rows: number }) {
    return { id: await this.imports.start(file, rows) };
  }

  /** All imports of a file, the newest first. */
  @Get()
  async ofFile(@Query('file') file: string) {
    const { runs } = await this.runs.list({ key: file });
    return runs.map(({ id, status }) => ({ id, status }));
  }

  /** Answers when the import has ended, or after half a minute. */
  @Get(':id')
  async outcome(@Param('id') id: string) {
    const { status, result } = await this.runs.wait(id, { timeoutMs: 30_000 });
    return { status, result };
  }

  @Delete(':id')
  async cancel(@Param('id') id: string) {
    const { status } = await this.runs.cancel(id, 'Somebody asked for it.');
    return { status };
  }

  /** With `id`, so that an EventSource that was cut goes on where it was. */
  @Sse(':id/progress')
  progress(@Param('id') id: string, @Headers('last-event-id') after?: string): Observable<MessageEvent> {
    return this.runs.watch$(id, { after, types: ['import.row'] }).pipe(
      concatMap((update): MessageEvent[] => {
        if (update.kind === 'event') {
          const { row, of } = update.event.data;
          return [{ type: 'progress', id: update.event.id, data: { percent: Math.round((100 * row) / of) } }];
        }
        return update.kind === 'ended' ? [{ type: 'done', data: { status: update.status } }] : [];
      }),
    );
  }
}
