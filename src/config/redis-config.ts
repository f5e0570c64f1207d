import { FileContentError, readTextFileSync } from '../common/index.js';
import type { EnvironmentReader } from './environment-reader.js';
import type { RedisAccess, RedisAddress, RedisConfig } from './runstream-config.js';
import { SETTINGS } from './settings/index.js';
import { isKeyPrefix, isRedisAddress, KEY_PREFIX_RULE } from './settings/patterns.js';
import { HOSTS_RULE, isHostAndPort, isMapping, MAPPING_RULE } from './settings/redis.settings.js';

const { redis } = SETTINGS;

/** How Redis is reached: one server, the master that Sentinels name, or a cluster. */
export function redisConfig(reader: EnvironmentReader, production: boolean): RedisConfig {
  const url = reader.text('REDIS_URL');
  // The value is never printed: it may hold a password.
  if (url !== undefined && !isRedisAddress(url)) {
    reader.problems.push(
      'REDIS_URL is not an address: set it to redis://host:6379, rediss://user:password@host:6380 or the path of a unix socket.',
    );
  }
  const sentinels = addresses(reader, 'REDIS_SENTINELS');
  const nodes = addresses(reader, 'REDIS_CLUSTER');
  const ways = [url, sentinels, nodes].filter((way) => way !== undefined).length;
  if (ways > 1)
    reader.problems.push(
      'Set only one of REDIS_URL, REDIS_SENTINELS and REDIS_CLUSTER, the one that there is.',
    );
  if (ways === 0 && production) {
    reader.problems.push(
      'REDIS_URL is not set, and NODE_ENV is production: set it to the address of a durable Redis, or set REDIS_SENTINELS ' +
        'or REDIS_CLUSTER; the embedded server is for development only.',
    );
  }
  const natMap = natMapOf(reader);
  const ofServers = access(reader);
  const options = { ...ofServers, ...ofSentinels(reader, sentinels, natMap, ofServers.tls) };
  const keyPrefix = reader.matching('REDIS_KEY_PREFIX', isKeyPrefix, KEY_PREFIX_RULE);
  return {
    ...(url !== undefined && { url }),
    ...(nodes && { cluster: { nodes, ...(natMap && { natMap }) } }),
    ...(Object.keys(options).length > 0 && { options }),
    ...(keyPrefix !== undefined && { keyPrefix }),
    appendMinReplicas: reader.number(redis.appendMinReplicas),
    appendReplicasTimeoutMs: reader.number(redis.appendReplicasTimeoutMs),
    commandTimeoutMs: reader.number({ ...redis.commandTimeoutMs, min: 10 }),
    maxBulkReadBytes: reader.number(redis.maxBulkReadBytes),
  };
}

function ofSentinels(
  reader: EnvironmentReader,
  sentinels: RedisAddress[] | undefined,
  natMap: RedisAccess['natMap'],
  tls: RedisAccess['tls'],
): RedisAccess {
  const name = reader.text('REDIS_SENTINEL_NAME');
  const sentinelPassword = reader.text('REDIS_SENTINEL_PASSWORD');
  if (!sentinels) return {};
  if (name === undefined)
    reader.problems.push(
      'REDIS_SENTINEL_NAME is not set: set it to what the Sentinels call the master, as in their `sentinel monitor` line.',
    );
  return {
    sentinels,
    ...(name !== undefined && { name }),
    ...(sentinelPassword !== undefined && { sentinelPassword }),
    ...(natMap && { natMap }),
    ...(tls && { enableTLSForSentinelMode: true, sentinelTLS: tls }),
  };
}

/** Credentials and TLS. */
function access(reader: EnvironmentReader): RedisAccess {
  const username = reader.text('REDIS_USERNAME');
  const password = reader.text('REDIS_PASSWORD') ?? fileText(reader, 'REDIS_PASSWORD_FILE')?.trim();
  const [ca, cert, key] = ['REDIS_TLS_CA', 'REDIS_TLS_CERT', 'REDIS_TLS_KEY'].map((name) =>
    fileText(reader, name),
  );
  const tls = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
  if ((cert === undefined) !== (key === undefined))
    reader.problems.push('REDIS_TLS_CERT and REDIS_TLS_KEY belong together: set both, or neither.');
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...((reader.flag('REDIS_TLS') || Object.keys(tls).length > 0) && { tls }),
  };
}

function fileText(reader: EnvironmentReader, name: string): string | undefined {
  const path = reader.text(name);
  if (path === undefined) return undefined;
  try {
    return readTextFileSync(path);
  } catch (error) {
    if (!(error instanceof FileContentError)) throw error;
    reader.problems.push(`${name}: ${error.message}.`);
    return undefined;
  }
}

function addresses(reader: EnvironmentReader, name: string): RedisAddress[] | undefined {
  return reader.list(name, isHostAndPort, HOSTS_RULE)?.map(toAddress);
}

function natMapOf(reader: EnvironmentReader): Record<string, RedisAddress> | undefined {
  const pairs = reader.list('REDIS_NAT_MAP', isMapping, MAPPING_RULE);
  return (
    pairs &&
    Object.fromEntries(
      pairs.map((pair) => {
        const [inner = '', outer = ''] = pair.split('=');
        return [inner, toAddress(outer)];
      }),
    )
  );
}

function toAddress(text: string): RedisAddress {
  const at = text.lastIndexOf(':');
  return { host: text.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(text.slice(at + 1)) };
}
