import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import type { OutgoingHttpHeaders } from 'node:http';
import { CredentialWatch } from '../../auth/index.js';
import { RunWatcher, type WatchStart } from '../../event-store/index.js';
import { EventStreams } from './event-streams.js';
import { StreamPlace } from './stream-place.js';
import type { StreamFormat } from './stream-format.js';

interface AnswerOptions {
  start?: WatchStart;
  announceCursor?: boolean;
  headers?: OutgoingHttpHeaders;
}

/** Streams of runs in formats of others: counted, held to their credential and ended as our own are. */
@Injectable()
export class RunStreams {
  constructor(
    private readonly watcher: RunWatcher,
    private readonly streams: EventStreams,
    private readonly credentials: CredentialWatch,
    private readonly place: StreamPlace,
  ) {}

  /**
   * Answers a request with the stream of a run, for as long as that lasts. The handler takes `@Res()` without
   * `passthrough`.
   *
   * @param options `start`: where it begins, by default with the run's first event; `announceCursor`: whether the first
   *   signal says where that is
   * @throws RunNotFoundError, RunExpiredError, OverloadedError, TenantLimitError, RedisUnavailableError, while it can still be a status
   */
  async answer(
    request: Request,
    runId: string,
    format: StreamFormat,
    { start = 'start', announceCursor = false, headers = {} }: AnswerOptions = {},
  ): Promise<void> {
    const { tenantId = '', principal, res: response } = request;
    const { after } = await this.watcher.locate(tenantId, runId, start);
    if (!response) return;
    await this.place.take(request);
    this.streams.open(response, headers, format, (demand, caller) =>
      this.watcher
        .watch(tenantId, runId, { after, announceCursor, demand, caller })
        .pipe(this.credentials.whileGood(principal)),
    );
  }
}
