import { Get, Param, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { RequireScope } from '../../auth/index.js';
import { concatBytes, ValidationFailedError } from '../../common/index.js';
import { RunWatcher } from '../../event-store/index.js';
import { type EventId, formatEventId, isTerminal, sameEventId } from '../../events/index.js';
import { parsedQuery } from '../../http/index.js';
import { RunStreams, RunWaits } from '../../runs/index.js';
import { tenantOf } from '../../tenancy/index.js';
import { MappedFormat } from '../mapping/mapped-format.js';
import { nextCursor, readOffset, toOffset } from './offset.js';
import { StreamMapper } from './stream.mapper.js';
import { StreamPages } from './stream-pages.js';

const EXPOSED = 'Stream-Next-Offset,Stream-Cursor,Stream-Up-To-Date,Stream-Closed';

/** The reading side of Durable Streams: each run is a stream of JSON messages, which is closed when the run has ended. */
@ApiExcludeController()
export class DurableStreamsController {
  constructor(
    private readonly watcher: RunWatcher,
    private readonly waits: RunWaits,
    private readonly pages: StreamPages,
    private readonly streams: RunStreams,
  ) {}

  @Get(':run')
  @RequireScope('runs:read')
  async read(@Param('run') runId: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    const { offset, live, cursor } = parsedQuery(request);
    if (live !== undefined && live !== 'long-poll' && live !== 'sse')
      throw new ValidationFailedError([{ path: 'live', message: 'must be long-poll or sse' }]);
    if (live !== undefined && offset === undefined)
      throw new ValidationFailedError([{ path: 'offset', message: 'must be given with live' }]);
    const start = readOffset(offset);
    const tenantId = tenantOf(request);
    const run = await this.waits.untilEnd(tenantId, runId, 0, request);
    const { after: last } = await this.watcher.locate(tenantId, runId, 'tail');
    const { after } = await this.watcher.locate(tenantId, runId, start);
    expose(response);
    const streamCursor = nextCursor(cursor);
    if (request.method === 'HEAD') {
      this.head(response, last, true, isTerminal(run.status));
      response.set('Content-Type', 'application/json').end();
    } else if (live === 'sse') {
      const format = new MappedFormat(new StreamMapper(last.sequence, streamCursor), { breaksOff: false });
      await this.streams.answer(request, runId, format, {
        start: after,
        announceCursor: true,
        // The protocol has it without a charset.
        headers: { 'Content-Type': 'text/event-stream' },
      });
    } else {
      const waits = live === 'long-poll' && sameEventId(after, last) && !isTerminal(run.status);
      const { events, next, isClosed } = await this.pages.read(request, runId, { after, last, waits });
      if (response.destroyed) return;
      const upToDate = next.sequence >= last.sequence;
      this.head(response, next, upToDate, isClosed || (upToDate && isTerminal(run.status)));
      if (live) response.set('Stream-Cursor', streamCursor);
      if (live && events.length === 0) response.status(204).end();
      else this.send(response, events);
    }
  }

  /** The events are JSON already. */
  private send(response: Response, events: readonly (string | Buffer)[]): void {
    const parts = events.flatMap((json, i) => (i === 0 ? [json] : [',', json]));
    response.set('Content-Type', 'application/json; charset=utf-8').end(concatBytes(['[', ...parts, ']']));
  }

  private head(response: Response, next: EventId, upToDate: boolean, closed: boolean): void {
    response.set('Stream-Next-Offset', toOffset(formatEventId(next)));
    if (upToDate) response.set('Stream-Up-To-Date', 'true');
    if (closed) response.set('Stream-Closed', 'true');
    response.set('Cache-Control', 'no-store');
  }
}

/** To pages of other origins, where the edge lets them read anything. */
function expose(response: Response): void {
  const name = 'Access-Control-Expose-Headers';
  const already = response.get(name);
  if (already !== undefined) response.set(name, `${already},${EXPOSED}`);
}
