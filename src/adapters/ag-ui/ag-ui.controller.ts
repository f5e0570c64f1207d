import { Inject, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { RequireScope } from '../../auth/index.js';
import { AcceptsBody } from '../../http/index.js';
import { RunStreams } from '../../runs/index.js';
import { ADAPTERS_OPTIONS, type AdaptersOptions } from '../adapters-options.js';
import { ChatRuns, MAX_START_BYTES, objectBody, textMember } from '../chat-runs.js';
import { MappedFormat } from '../mapping/mapped-format.js';
import { AgentEventMapper } from './agent-event.mapper.js';

/** Under it a run keeps what the client calls it. */
const RUN_LABEL = 'ag_ui_run_id';

/** Agents of AG-UI: a thread's id is the key of its runs. */
@ApiExcludeController()
export class AgUiController {
  constructor(
    private readonly chats: ChatRuns,
    private readonly streams: RunStreams,
    @Inject(ADAPTERS_OPTIONS) private readonly options: AdaptersOptions,
  ) {}

  /**
   * Starts a run. The protocol has no resume: the same `runId` again, in the same thread, gives the run that it began
   * with, from its beginning; so does the id of a run that somebody else started.
   */
  @Post()
  @AcceptsBody({ maxBytes: MAX_START_BYTES })
  @RequireScope('runs:write')
  async run(@Req() request: Request, @Res() _response: Response): Promise<void> {
    const input = objectBody(request);
    const threadId = textMember(input, 'threadId');
    const runId = textMember(input, 'runId');
    this.chats.assertMayRead(request);
    const run =
      (await this.chats.find(request, threadId, { label: RUN_LABEL, value: runId })) ??
      (await this.chats.start(request, {
        chat: threadId,
        input,
        executor: this.options.agUi?.executor,
        labels: { [RUN_LABEL]: runId },
      }));
    await this.streams.answer(request, run.id, new MappedFormat(new AgentEventMapper({ threadId, runId })));
  }
}
