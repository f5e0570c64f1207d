import type { Request } from 'express';

export const LEASE_HEADER = {
  name: 'Lease-Token',
  required: true,
  description: 'The `lease_token` of the claim.',
};

/** Undefined without one. */
export function leaseTokenOf(request: Request): string | undefined {
  return request.get('Lease-Token');
}
