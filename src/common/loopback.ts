import { isIPv4, isIPv6 } from 'node:net';

/**
 * Is this address reachable from this machine only? A name other than `localhost` is not trusted to be.
 */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (isIPv4(bare)) return bare.startsWith('127.');
  if (isIPv6(bare)) return new URL(`http://[${bare}]`).hostname === '[::1]';
  return bare === 'localhost';
}
