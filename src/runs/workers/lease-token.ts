import type { Request } from 'express';
import { LeaseLostError } from '../../common/index.js';

export const LEASE_HEADER = {
  name: 'Lease-Token',
  required: true,
  description: 'The `lease_token` of the claim.',
};

/** Undefined without one. */
export function leaseTokenOf(request: Request): string | undefined {
  return request.get('Lease-Token');
}

/** @throws LeaseLostError without one */
export function requiredLeaseToken(request: Request): string {
  const token = leaseTokenOf(request);
  if (token === undefined) throw new LeaseLostError();
  return token;
}
