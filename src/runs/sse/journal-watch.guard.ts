import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { EventStore, JournalWatcher, parseJournalCursor } from '../../event-store/index.js';
import { JournalStreamQuery } from '../dto/journal.dto.js';
import { StreamPlace } from './stream-place.js';
import { readWatchRequest } from './watch-request.js';

/** Checks what a watcher of the journal asks for, while a refusal can still be a status. */
@Injectable()
export class JournalWatchGuard implements CanActivate {
  constructor(
    private readonly store: EventStore,
    private readonly watcher: JournalWatcher,
    private readonly place: StreamPlace,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    const { tenantId = '' } = request;
    request.journalWatch = await readWatchRequest(
      request,
      this.store.types,
      parseJournalCursor,
      // A journal has no end: nobody has everything.
      async (start) => ({ after: await this.watcher.locate(tenantId, start), over: false }),
      JournalStreamQuery,
    );
    await this.place.take(request);
    return true;
  }
}
