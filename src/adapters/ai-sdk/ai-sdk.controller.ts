import { Get, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { RequireScope } from '../../auth/index.js';
import { type ErrorCode, RunstreamError } from '../../common/index.js';
import type { RunRecord } from '../../event-store/index.js';
import { isTerminal } from '../../events/index.js';
import { AcceptsBody, AnswersErrorsAs, type ErrorBody, NoContent, parsedQuery } from '../../http/index.js';
import { RunStreams } from '../../runs/index.js';
import { ADAPTERS_OPTIONS, type AdaptersOptions } from '../adapters-options.js';
import { ChatRuns, lastMessage, MAX_START_BYTES, objectBody, textMember } from '../chat-runs.js';
import { MappedFormat } from '../mapping/mapped-format.js';
import { UiMessageMapper } from './ui-message.mapper.js';

/** Under it a run keeps whose message it goes on with. */
const MESSAGE_LABEL = 'ai_message_id';
const MAX_LABEL = 255;
const GONE: readonly ErrorCode[] = ['RUN_NOT_FOUND', 'RUN_EXPIRED'];
const HEADERS = { 'x-vercel-ai-ui-message-stream': 'v1' };

/** What clients show is the text of the answer. */
const errorForm = ({ message, code, request_id }: ErrorBody) => ({ error: message, code, request_id });

/** `useChat` of the AI SDK: a chat's id is the key of its runs, and each of its answers is a run. */
@ApiExcludeController()
@AnswersErrorsAs(errorForm)
export class AiSdkController {
  constructor(
    private readonly chats: ChatRuns,
    private readonly streams: RunStreams,
    @Inject(ADAPTERS_OPTIONS) private readonly options: AdaptersOptions,
  ) {}

  /** Starts a run, which goes on whether its answer is read or not. */
  @Post()
  @AcceptsBody({ maxBytes: MAX_START_BYTES })
  @RequireScope('runs:write')
  async start(@Req() request: Request, @Res() _response: Response): Promise<void> {
    const input = objectBody(request);
    const chat = textMember(input, 'id');
    const { id, role } = lastMessage(input);
    // Results of tools are sent with the message that asked for them, which goes on then.
    const goesOn = role === 'assistant' && typeof id === 'string' && id.length <= MAX_LABEL;
    const run = await this.chats.start(request, {
      chat,
      input,
      executor: this.options.aiSdk?.executor,
      ...(goesOn && { labels: { [MESSAGE_LABEL]: id } }),
    });
    await this.answer(request, run);
  }

  /**
   * The message that is being said, from its beginning; 204 when none is. `?ended=replay` gives one that has just been
   * said as well: for a page that lost its connection and still has the beginning.
   */
  @Get(':chat/stream')
  @RequireScope('runs:read')
  async resume(
    @Param('chat') chat: string,
    @Req() request: Request,
    @Res() _response: Response,
  ): Promise<void> {
    const run = await this.chats.latest(request, chat);
    const replays = parsedQuery(request)['ended'] === 'replay';
    if (!run || (isTerminal(run.status) && !replays)) throw new NoContent();
    await this.answer(request, run).catch((error: unknown) => {
      const isGone = error instanceof RunstreamError && GONE.includes(error.code);
      throw isGone ? new NoContent() : error;
    });
  }

  /** Cancels the run: to close the connection, as `stop()` of `useChat` does, is no reason to. */
  @Post(':chat/stop')
  @HttpCode(204)
  @AcceptsBody({ maxBytes: 16 * 1024 })
  @RequireScope('runs:write')
  async stop(@Param('chat') chat: string, @Req() request: Request): Promise<void> {
    const run = await this.chats.latest(request, chat);
    if (run) await this.chats.cancel(request, run);
  }

  private answer(request: Request, run: RunRecord): Promise<void> {
    const mapper = new UiMessageMapper(run.labels[MESSAGE_LABEL] ?? run.id);
    return this.streams.answer(request, run.id, new MappedFormat(mapper), { headers: HEADERS });
  }
}
