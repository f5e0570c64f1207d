import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { RunNotFoundError, RunstreamError, ValidationFailedError } from '../common/index.js';
import { RUN_ID_PATTERN, type RunFilter, type RunRecord } from '../event-store/index.js';
import { isTerminal, type JsonObject } from '../events/index.js';
import { readerOf } from '../http/index.js';
import { type RunOperations, RunsService, Runstream, traceOf } from '../runs/index.js';
import { tenantOf } from '../tenancy/index.js';

/** As on POST /runs. */
export const MAX_START_BYTES = 3 * 1024 * 1024;
const MAX_TASK_SHOWN = 200;

/** The runs of a chat: its id is their key. */
@Injectable()
export class ChatRuns {
  constructor(
    private readonly runs: Runstream,
    private readonly service: RunsService,
  ) {}

  of(request: Request): RunOperations {
    return this.runs.for(tenantOf(request));
  }

  /** The newest run of a chat. @throws ValidationFailedError for what can be no chat's id */
  async latest(request: Request, chat: string): Promise<RunRecord | undefined> {
    return this.newest(request, { key: chat });
  }

  /** The run of a chat that has an id, ours or the client's, which a label keeps. */
  async find(
    request: Request,
    chat: string,
    { label, value }: { label: string; value: string },
  ): Promise<RunRecord | undefined> {
    const labelled = await this.newest(request, { key: chat, label: { name: label, value } });
    if (labelled || !RUN_ID_PATTERN.test(value)) return labelled;
    const run = await this.of(request)
      .get(value)
      .catch((error: unknown) => {
        if (!(error instanceof RunNotFoundError)) throw error;
      });
    return run?.key === chat ? run : undefined;
  }

  /** The answer to a start is a stream. @throws RunstreamError FORBIDDEN */
  assertMayRead({ principal }: Request): void {
    if (principal?.scopes.includes('runs:read') !== false) return;
    throw new RunstreamError(
      'FORBIDDEN',
      'Your credential lacks the scope runs:read. Ask an administrator for a credential that allows it.',
    );
  }

  /** Cancels a run unless it has ended, which may also happen meanwhile. */
  async cancel(request: Request, run: RunRecord): Promise<void> {
    if (isTerminal(run.status)) return;
    await this.of(request)
      .cancel(run.id)
      .catch((error: unknown) => {
        if (!(error instanceof RunstreamError && error.code === 'RUN_ENDED')) throw error;
      });
  }

  /**
   * Starts a run of a chat with what was sent as its input. Its stream is the answer, so the caller must be allowed to
   * read as well.
   *
   * @throws ValidationFailedError, EventTooLargeError, IdempotencyConflictError, RunstreamError FORBIDDEN
   */
  start(
    request: Request,
    run: { chat: string; executor: string | undefined; input: JsonObject; labels?: Record<string, string> },
  ): Promise<RunRecord> {
    const { chat, executor = 'external', input, labels = {} } = run;
    this.assertMayRead(request);
    const idempotencyKey = request.get('Idempotency-Key');
    const trace = traceOf(request);
    return this.of(request).start({
      task: taskOf(input),
      key: chat,
      executor,
      input,
      labels,
      ...(trace && { context: trace }),
      ...(idempotencyKey !== undefined && { idempotencyKey }),
    });
  }

  /** Counted on who asks: one who asks for much takes no other's turn. */
  private async newest(request: Request, filter: RunFilter): Promise<RunRecord | undefined> {
    const { runs } = await this.service.list(tenantOf(request), filter, 1, undefined, readerOf(request));
    return runs[0];
  }
}

/** The JSON object that a request has as its body, whatever is in it. @throws ValidationFailedError */
export function objectBody({ body }: Request): JsonObject {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as JsonObject;
  throw new ValidationFailedError([{ path: '', message: 'the body must be a JSON object' }]);
}

/** A text that a body must have. @throws ValidationFailedError */
export function textMember(body: JsonObject, name: string): string {
  const value = body[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new ValidationFailedError([{ path: name, message: 'must be a text that is not empty' }]);
}

/** The last message of a body, if it has messages. */
export function lastMessage({ messages }: JsonObject): { id?: unknown; role?: unknown } & JsonObject {
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : undefined;
  return typeof last === 'object' && last !== null ? (last as JsonObject) : {};
}

/** What the run is to do, for people: the beginning of what was said last. */
function taskOf(input: JsonObject): string {
  const { content, parts } = lastMessage(input);
  const said = Array.isArray(parts)
    ? parts
        .map((part: { text?: unknown } | null) => (typeof part?.text === 'string' ? part.text : ''))
        .join('')
    : content;
  const text = typeof said === 'string' ? said.trim().slice(0, MAX_TASK_SHOWN).toWellFormed() : '';
  return text === '' ? 'chat' : text;
}
