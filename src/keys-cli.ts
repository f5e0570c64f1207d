import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { parseArgs } from 'node:util';
import { type ApiKey, ApiKeys, isScope, MAX_KEY_TTL_SECONDS, SCOPES } from './auth/index.js';
import { isText, readInteger } from './common/index.js';
import { loadConfig, loadOwnEnvFile, type RedisConfig } from './config/index.js';
import { onConfiguredRedis, whereRedisIs } from './configured-redis.js';
import { assertTenantId } from './tenancy/index.js';

const LISTED_AT_ONCE = 500;
const LISTED_TENANTS = 20;
const USAGE = `Makes, lists and revokes API keys, straight in Redis: for the first key, and for whoever lost theirs.

  npm run keys -- create --name <name> --scopes <a,b> [--tenant <id>] [--ttl-seconds <n>]
  npm run keys -- list [--tenant <id>]
  npm run keys -- revoke <key id> [--tenant <id>]

Scopes: ${SCOPES.join(', ')}.
The tenant is DEFAULT_TENANT_ID unless given. Redis is that of REDIS_URL, or the embedded one.
`;

@Module({ providers: [ApiKeys] })
class KeysModule {}

/** A mistake in the command line: its message is all that is shown. */
class UsageError extends Error {}

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      name: { type: 'string' },
      scopes: { type: 'string' },
      tenant: { type: 'string' },
      'ttl-seconds': { type: 'string' },
    },
  });
  const [command, id] = positionals;
  await loadOwnEnvFile();
  const config = loadConfig(process.env);
  const tenantId = values.tenant ?? config.tenancy.defaultTenantId;
  assertTenantId(tenantId, '--tenant');

  await onConfiguredRedis(config.redis, { module: KeysModule }, async (app) => {
    const keys = app.get(ApiKeys);
    switch (command) {
      case 'create': {
        const scopes = readScopes(values.scopes);
        if (!isText(values.name, 1, 255)) {
          throw new UsageError('Give the key a name of at most 255 characters: --name dashboard');
        }
        const expiry =
          values['ttl-seconds'] === undefined ? {} : { expiresAt: expiryOf(values['ttl-seconds']) };
        const { secret, key } = await keys.create({ name: values.name, tenantId, scopes, ...expiry });
        print(`${secret}\n`);
        process.stderr.write(
          `Key ${key.id} of tenant ${tenantId}: ${scopes.join(', ')}. It is shown this once.\n`,
        );
        if (config.auth.mode !== 'api-key')
          process.stderr.write(`AUTH_MODE is ${config.auth.mode}: keys are asked for once it is api-key.\n`);
        return;
      }
      case 'list': {
        let count = 0;
        for await (const key of allKeys(keys, tenantId)) {
          count++;
          print(`${key.id}  ${stateOf(key)}  ${key.scopes.join(',')}  ${key.name}\n`);
        }
        if (count === 0) process.stderr.write(await whereKeysAre(keys, tenantId, config.redis));
        return;
      }
      case 'revoke':
        if (id === undefined || !(await keys.revoke(tenantId, id))) {
          throw new UsageError(
            `The tenant ${tenantId} has no key "${id ?? ''}". See them with: npm run keys -- list`,
          );
        }
        print(`revoked ${id}\n`);
        return;
      default:
        throw new UsageError(USAGE);
    }
  });
}

/** What was looked at, and what else there is: an empty list is most often that of another tenant, or of another Redis. */
async function whereKeysAre(keys: ApiKeys, tenantId: string, redis: RedisConfig): Promise<string> {
  const { tenants, complete } = await keys.tenants(LISTED_TENANTS);
  const more = complete ? '' : ', and perhaps others';
  const found =
    tenants.length === 0
      ? `Nor has another one${more}.`
      : `There are keys of: ${tenants.join(', ')}${more} (--tenant).`;
  return `The tenant ${tenantId} has no keys in ${whereRedisIs(redis)}. ${found}\n`;
}

function expiryOf(text: string): number {
  const seconds = readInteger(text, 1, MAX_KEY_TTL_SECONDS);
  if (seconds === undefined) {
    throw new UsageError(`Give --ttl-seconds as a whole number from 1 to ${MAX_KEY_TTL_SECONDS}.`);
  }
  return Date.now() + seconds * 1000;
}

async function* allKeys(keys: ApiKeys, tenantId: string): AsyncGenerator<ApiKey> {
  let cursor: string | undefined;
  do {
    const page = await keys.list(tenantId, LISTED_AT_ONCE, cursor);
    yield* page.keys;
    cursor = page.next;
  } while (cursor !== undefined);
}

function stateOf({ revokedAt, expiresAt }: ApiKey): string {
  if (revokedAt !== undefined) return 'revoked';
  return expiresAt !== undefined && expiresAt <= Date.now() ? 'expired' : 'good';
}

function readScopes(text = '') {
  const scopes = text.split(',').filter((scope) => scope !== '');
  const unknown = scopes.filter((scope) => !isScope(scope));
  if (scopes.length === 0 || unknown.length > 0)
    throw new UsageError(`Give --scopes, of: ${SCOPES.join(', ')}`);
  return scopes.filter(isScope);
}

function print(text: string): void {
  process.stdout.write(text);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
