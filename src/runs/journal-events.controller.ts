import { Controller, Get, type MessageEvent, Req, Res, Sse, UseGuards } from '@nestjs/common';
import { ApiExtraModels, ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import type { Observable } from 'rxjs';
import { CredentialWatch, OpenedByTicket, RequireScope } from '../auth/index.js';
import { JournalWatcher } from '../event-store/index.js';
import { AnswerRoom, ApiErrors, ApiQueryOf, readerOf, readQuery } from '../http/index.js';
import { Tenant } from '../tenancy/index.js';
import { ALSO_CLOUD_EVENTS, LINK_HEADER, sendCloudEvents } from './cloud-events/send-cloud-events.js';
import { takesCloudEvents } from './cloud-events/takes-cloud-events.js';
import { FRAME_MODELS, JOURNAL_FRAMES } from './dto/frames.dto.js';
import { JournalHistoryQuery, JournalPageResponse, JournalStreamQuery } from './dto/journal.dto.js';
import { journalFilter, readRunIds } from './history/journal-filter.js';
import { JournalHistoryService } from './history/journal-history.service.js';
import { quoted, sendPage } from './history/page-answer.js';
import { eventForm } from './sse/event-form.js';
import { EventStreams } from './sse/event-streams.js';
import { JOURNAL_FRAMES_DESCRIPTION } from './sse/frames-description.js';
import { JournalWatchGuard } from './sse/journal-watch.guard.js';

/** All runs of a tenant in one: its journal. */
@ApiTags('journal')
@ApiExtraModels(...FRAME_MODELS)
@RequireScope('runs:read')
@Controller('events')
export class JournalEventsController {
  constructor(
    private readonly watcher: JournalWatcher,
    private readonly history: JournalHistoryService,
    private readonly streams: EventStreams,
    private readonly credentials: CredentialWatch,
    private readonly room: AnswerRoom,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'Page through the events of all runs',
    operationId: 'listJournalEvents',
    description:
      'In the order of their appending, without the types that the deployment leaves out. `start_id`, `end_id`, ' +
      "`next_id` and `last_event_id` are ids of the journal, not of the events; a run's deletion leaves a hole in them. " +
      ALSO_CLOUD_EVENTS,
  })
  @ApiResponse({
    status: 200,
    type: JournalPageResponse,
    description: 'One page of the journal.',
    headers: LINK_HEADER,
  })
  @ApiErrors('VALIDATION_FAILED', 'INVALID_EVENT_ID', 'UNKNOWN_EVENT_TYPE', 'REDIS_UNAVAILABLE')
  @ApiQueryOf(JournalHistoryQuery)
  async read(@Tenant() tenantId: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    const query = readQuery(request, JournalHistoryQuery);
    const { events, watchFrom } = this.history.read(tenantId, query, readerOf(request));
    if (takesCloudEvents(request)) {
      await sendCloudEvents(response, this.room, events, query.order);
      return;
    }
    await sendPage(response, this.room, events, {
      head: '{',
      tail: (end) =>
        `,"has_more":${end.next !== undefined},"next_id":${quoted(end.next)},"last_event_id":${quoted(watchFrom(end))}}`,
    });
  }

  @Sse('stream')
  @UseGuards(JournalWatchGuard)
  @OpenedByTicket('journal')
  @ApiOperation({
    summary: 'Watch all runs live',
    operationId: 'watchJournalEvents',
    description: JOURNAL_FRAMES_DESCRIPTION,
  })
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'Begin after this journal id; `0-0` is the beginning. An EventSource sends it by itself.',
  })
  @ApiResponse(JOURNAL_FRAMES)
  @ApiErrors('VALIDATION_FAILED', 'INVALID_EVENT_ID', 'UNKNOWN_EVENT_TYPE', 'REDIS_UNAVAILABLE')
  @ApiQueryOf(JournalStreamQuery)
  stream(
    @Tenant() tenantId: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Observable<MessageEvent> {
    const query = readQuery(request, JournalStreamQuery);
    const { journalWatch: watch } = request;
    if (!watch) throw new Error('A stream needs its guard.');
    const filter = journalFilter(watch.filter, readRunIds(query.run_id));
    const announceCursor = watch.announceCursor || filter !== undefined;
    const form = eventForm(query.named === 'true', takesCloudEvents(request));
    return this.streams.send(response, form, (demand, caller) =>
      this.watcher
        .watch(tenantId, { after: watch.after, announceCursor, demand, caller, ...(filter && { filter }) })
        .pipe(this.credentials.whileGood(request.principal)),
    );
  }
}
