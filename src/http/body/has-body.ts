import type { IncomingMessage } from 'node:http';

export function hasBody({ headers }: IncomingMessage): boolean {
  if (headers['transfer-encoding'] !== undefined) return true;
  // Node has checked that it is digits, but not how many.
  return /[1-9]/.test(headers['content-length'] ?? '');
}
