import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { CredentialWatch } from '../../auth/index.js';
import { RunstreamError } from '../../common/index.js';
import { type AppendOptions, EventStore } from '../../event-store/index.js';
import {
  type DirectAnswer,
  type DirectHandler,
  Draining,
  sendContinue,
  unreadBody,
} from '../../http/index.js';
import { tenantOf } from '../../tenancy/index.js';
import { type LeaseHolder, LeaseHolders, leaseLost } from '../workers/lease-holder.js';
import type { AppendResponse, NdjsonAppendResponse } from '../dto/event.dto.js';
import { type IntakeOptions, NdjsonIntake } from './ndjson-intake.js';
import { prepareBatch } from './prepare-batch.js';
import { badHeader, expectedSequence, idempotentRequest, traceOf } from '../request-headers.js';

/** Appends what a request brings: JSON all or nothing, NDJSON line by line. */
@Injectable()
export class AppendService implements DirectHandler {
  constructor(
    private readonly store: EventStore,
    private readonly ndjson: NdjsonIntake,
    private readonly holders: LeaseHolders,
    private readonly credentials: CredentialWatch,
    private readonly draining: Draining,
  ) {}

  /** For `POST /runs/:run_id/events`, past its controller. */
  async answer(
    request: Request,
    { run_id: runId = '' }: Readonly<Record<string, string>>,
  ): Promise<DirectAnswer> {
    const { answer, replayed } = await this.appendJson(tenantOf(request), runId, request);
    return { status: 201, body: answer, ...(replayed && { headers: REPLAYED }) };
  }

  async appendJson(
    tenantId: string,
    runId: string,
    request: Request,
  ): Promise<{ answer: AppendResponse; replayed: boolean }> {
    const events = prepareBatch(this.store, request.body, traceOf(request));
    const idempotent = idempotentRequest(request, `POST /runs/${runId}/events`);
    const holder = await this.holders.of(tenantId, runId, request);
    const stored = await this.store
      .appendPrepared(tenantId, runId, events, {
        ...appendOptions(request, holder),
        ...(idempotent && { request: idempotent }),
      })
      .catch(leaseLost);
    const { count, duplicates, ids, replayed } = stored;
    const state = holder && (await holder.state());
    const answer = {
      run_id: runId,
      count,
      duplicates,
      first_id: ids[0] ?? '',
      last_id: ids.at(-1) ?? '',
      ids,
      ...state,
    };
    return { answer, replayed };
  }

  async appendLines(tenantId: string, runId: string, request: Request): Promise<NdjsonAppendResponse> {
    if (request.get('Idempotency-Key') !== undefined) {
      throw badHeader('Idempotency-Key', 'not with NDJSON: give each line its own idempotency_key');
    }
    if (request.res) sendContinue(request, request.res);
    // An upload may last for hours, its credential less.
    const ended = new AbortController();
    const watching = this.credentials.ended(request.principal).subscribe(() => {
      ended.abort(credentialEnded());
    });
    try {
      const holder = await this.holders.of(tenantId, runId, request);
      const signals = [ended.signal, this.draining.signal, ...(holder ? [holder.keep(request)] : [])];
      const signal = AbortSignal.any(signals);
      const options: IntakeOptions = { ...appendOptions(request, holder), trace: traceOf(request) };
      const { count, duplicates, lastId } = await this.ndjson.take(
        tenantId,
        runId,
        request,
        unreadBody(request),
        options,
        signal,
      );
      return {
        run_id: runId,
        count,
        duplicates,
        last_id: lastId ?? null,
        ...(holder && (await holder.state())),
      };
    } finally {
      watching.unsubscribe();
    }
  }
}

const REPLAYED = ['Idempotency-Replayed', 'true'];

function credentialEnded(): RunstreamError {
  return new RunstreamError(
    'UNAUTHORIZED',
    'The credential of this upload has ended. Go on with another one, after `last_id`.',
  );
}

function appendOptions(request: Request, holder: LeaseHolder | undefined): AppendOptions {
  const sequence = expectedSequence(request);
  const who = holder ? { fence: holder.fence } : { fromOutside: true };
  return { ...who, ...(sequence !== undefined && { expectedSequence: sequence }) };
}
