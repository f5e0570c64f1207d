import { flag, list, text } from './setting.js';

/** `host:port`, as one of a list. */
export const isHostAndPort = (text: string): boolean =>
  /^[^\s:/@]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/.test(text);
export const HOSTS_RULE = 'a list of addresses, like redis-1:6379,redis-2:6379';

/** `inner:port=outer:port`, as one of a list. */
export const isMapping = (text: string): boolean => {
  const [inner = '', outer = '', ...more] = text.split('=');
  return isHostAndPort(inner) && isHostAndPort(outer) && more.length === 0;
};
export const MAPPING_RULE = 'a list of addresses, like 10.0.0.1:6379=redis-1.example.com:7001';

const file = (env: string, doc: string) => text<string | undefined>({ env, default: undefined, doc });

/** How the service reaches other than one Redis, and proves who it is. In code: `redis.cluster` and `redis.options`. */
export const REDIS_SERVICE_SETTINGS = {
  redisSentinels: list<readonly string[] | undefined>(
    {
      env: 'REDIS_SENTINELS',
      default: undefined,
      doc: 'Sentinels that know the master, in place of REDIS_URL. In code: `redis.options.sentinels`.',
    },
    isHostAndPort,
    HOSTS_RULE,
  ),
  redisSentinelName: text<string | undefined>({
    env: 'REDIS_SENTINEL_NAME',
    default: undefined,
    doc: 'What the Sentinels call the master. In code: `redis.options.name`.',
  }),
  redisSentinelPassword: text<string | undefined>({
    env: 'REDIS_SENTINEL_PASSWORD',
    isSecret: true,
    default: undefined,
    doc: "The Sentinels' own password. In code: `redis.options.sentinelPassword`.",
  }),
  redisCluster: list<readonly string[] | undefined>(
    {
      env: 'REDIS_CLUSTER',
      default: undefined,
      doc: 'Some nodes of a Redis Cluster, in place of REDIS_URL. In code: `redis.cluster`.',
    },
    isHostAndPort,
    HOSTS_RULE,
  ),
  redisNatMap: list<readonly string[] | undefined>(
    {
      env: 'REDIS_NAT_MAP',
      default: undefined,
      doc: "Where servers are found whose own addresses can't be reached from here: `inner:port=outer:port,…`.",
    },
    isMapping,
    MAPPING_RULE,
  ),
  redisUsername: text<string | undefined>({
    env: 'REDIS_USERNAME',
    default: undefined,
    doc: 'As whom commands are sent, where the address does not say.',
  }),
  redisPassword: text<string | undefined>({
    env: 'REDIS_PASSWORD',
    isSecret: true,
    default: undefined,
    doc: 'The password to it.',
  }),
  redisPasswordFile: file('REDIS_PASSWORD_FILE', 'A file with that password, in place of REDIS_PASSWORD.'),
  redisTls: flag({
    env: 'REDIS_TLS',
    default: false,
    doc: 'Whether servers are spoken to over TLS; `rediss://` says so too, and so does each of the three below.',
  }),
  redisTlsCa: file(
    'REDIS_TLS_CA',
    'A file with the certificates that are trusted. Default: those that Node trusts.',
  ),
  redisTlsCert: file('REDIS_TLS_CERT', 'A file with the certificate that this service shows.'),
  redisTlsKey: file('REDIS_TLS_KEY', 'A file with the key to it.'),
};
