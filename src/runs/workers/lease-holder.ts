import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import {
  FenceLostError,
  LeaseLostError,
  RedisUnavailableError,
  RunEndedError,
  setLongInterval,
} from '../../common/index.js';
import { lifeOf } from '../../http/index.js';
import { type Lease, RunLeases } from '../../pull/index.js';
import { leaseTokenOf } from './lease-token.js';

/** Under it nothing is stored: it is no run's. Duplicates are answered all the same. */
const NO_FENCE = -1;
/** Of a lease: how often an upload says that its worker is there. */
const RENEWALS = 10;

/** What the answer to an append says of the lease. */
export interface LeaseMembers {
  status?: string;
  lease_expires_at?: string | null;
}

/** Finds what a request shows of a worker's lease. */
@Injectable()
export class LeaseHolders {
  constructor(private readonly leases: RunLeases) {}

  /**
   * Undefined for a request that shows none.
   *
   * @throws RunNotFoundError, RedisUnavailableError
   */
  async of(tenantId: string, runId: string, request: Request): Promise<LeaseHolder | undefined> {
    const token = leaseTokenOf(request);
    if (token === undefined) return undefined;
    return new LeaseHolder(this.leases, await this.leases.find(tenantId, runId, token));
  }
}

/** A worker that appends to the run it has. */
export class LeaseHolder {
  constructor(
    private readonly leases: RunLeases,
    /** Undefined: what it shows is not valid (any more). */
    private readonly lease: Lease | undefined,
  ) {}

  get fence(): number {
    return this.lease?.fence ?? NO_FENCE;
  }

  /** Renews the lease, and says how the run stands. After an append that was all duplicates it may be another's. */
  async state(): Promise<LeaseMembers> {
    if (!this.lease) return {};
    try {
      const { status, expiresAt } = await this.leases.renew(this.lease);
      return { status, lease_expires_at: expiresAt === undefined ? null : new Date(expiresAt).toISOString() };
    } catch (error) {
      if (error instanceof LeaseLostError) return {};
      throw error;
    }
  }

  /**
   * Renews the lease while the request brings anything, until it ends.
   *
   * @returns aborts when the lease is lost or the run has ended; its reason is what to answer
   */
  keep(request: Request): AbortSignal {
    const { lease } = this;
    const over = new AbortController();
    if (!lease) return over.signal;
    let read = -1;
    const renew = async (): Promise<void> => {
      if (request.socket.bytesRead === read) return;
      read = request.socket.bytesRead;
      try {
        const { status } = await this.leases.renew(lease);
        // Whoever has it ends it in the other ways, in this very upload perhaps.
        if (status === 'cancelled') over.abort(new RunEndedError(status));
      } catch (error) {
        if (!(error instanceof RedisUnavailableError)) over.abort(error);
      }
    };
    void renew();
    const timer = setLongInterval(() => void renew(), lease.leaseMs / RENEWALS, { ref: false });
    lifeOf(request).onEnd(() => {
      timer.cancel();
    });
    return over.signal;
  }
}

/** @throws LeaseLostError in place of what says so within the process */
export function leaseLost(error: unknown): never {
  throw error instanceof FenceLostError ? new LeaseLostError() : error;
}
