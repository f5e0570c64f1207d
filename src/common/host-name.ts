import { isIPv4, isIPv6 } from 'node:net';

const NAME = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/;

/**
 * A host name or an address in the one way of writing it: lower case, without the dot of the root, IPv6 shortened and
 * without brackets. Undefined for anything else, such as one with a port.
 */
export function hostName(text: string): string | undefined {
  const bare = text.toLowerCase();
  const address = bare.startsWith('[') && bare.endsWith(']') ? bare.slice(1, -1) : bare;
  if (isIPv6(address)) return new URL(`http://[${withoutZone(address)}]`).hostname.slice(1, -1);
  const name = bare.replace(/\.$/, '');
  if (isIPv4(name)) return name;
  return name.length <= 253 && NAME.test(name) ? name : undefined;
}

/** A zone (`fe80::1%eth0`) means something on one machine only. */
function withoutZone(address: string): string {
  return address.replace(/%.*$/, '');
}
