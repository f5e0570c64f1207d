import { isIPv4, isIPv6 } from 'node:net';

/** As in src/events, which refuses what slips through. */
const EVENT_TYPE = /^[a-z][a-z0-9_]{0,63}\.(?:\*|[a-z][a-z0-9_]{0,63})$/;
export const isEventType = (text: string): boolean => EVENT_TYPE.test(text);
export const EVENT_TYPES_RULE = 'a list of event types, like build.*,deploy.started';

/** Tenancy holds the same rule where it matters. */
const TENANT_ID = /^[a-z0-9][a-z0-9_-]{0,62}$/;
export const isTenant = (text: string): boolean => TENANT_ID.test(text);
export const TENANT_RULE =
  'lower-case letters, digits, _ and -, at most 63, beginning with a letter or digit';

const HEADER = /^[A-Za-z0-9-]{1,64}$/;
export const isHeader = (text: string): boolean => HEADER.test(text);

/** The value is never printed: it may hold a password. */
export const isRedisAddress = (text: string): boolean =>
  text.startsWith('/') || (/^rediss?:\/\//.test(text) && URL.canParse(text));
export const REDIS_RULE = 'redis://host:6379, rediss://user:password@host:6380 or the path of a unix socket';

/** No braces: those of a key say which slot of a cluster it lies in. */
const KEY_PREFIX = /^[A-Za-z0-9.:_-]{1,64}$/;
export const isKeyPrefix = (text: string): boolean => KEY_PREFIX.test(text);
export const KEY_PREFIX_RULE = '1 to 64 letters, digits and . : _ -';

export const isOrigin = (text: string): boolean =>
  text === '*' || (URL.canParse(text) && new URL(text).origin === text);
export const ORIGINS_RULE =
  'a list of origins, like https://app.example.com (no path, no trailing slash), or *';

export function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const width = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1;
  const isPrefix = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= width);
  return width > 0 && isPrefix && more.length === 0;
}
