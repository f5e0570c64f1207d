import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { parseArgs } from 'node:util';
import { readInteger } from './common/index.js';
import { loadConfig, loadOwnEnvFile } from './config/index.js';
import { MOST_PARTITIONS, PartitionRaise } from './event-store/index.js';
import { onConfiguredRedis } from './configured-redis.js';
import { assertTenantId } from './tenancy/index.js';

const USAGE = `Shows and raises the number of partitions over which the runs of tenants are spread, straight in Redis.

  npm run partitions -- show [--tenant <id>]
  npm run partitions -- raise <number> [--tenant <id>]

Without --tenant it is the number of all tenants; of two that hold for a tenant the higher one counts. It is from 1 to
${MOST_PARTITIONS} and never lowered. All processes must have this version, or a later one, before the first raise.
`;

@Module({ providers: [PartitionRaise] })
class PartitionsModule {}

/** A mistake in the command line: its message is all that is shown. */
class UsageError extends Error {}

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { tenant: { type: 'string' } },
  });
  const [command, number] = positionals;
  const { tenant } = values;
  await loadOwnEnvFile();
  const config = loadConfig(process.env);
  if (tenant !== undefined) assertTenantId(tenant, '--tenant');
  await onConfiguredRedis(config.redis, { module: PartitionsModule }, async (app) => {
    const raise = app.get(PartitionRaise);
    switch (command) {
      case 'show': {
        const { read, write } = await raise.numbers(tenant);
        process.stdout.write(read === write ? `${write}\n` : `${write}, and ${read} are read\n`);
        return;
      }
      case 'raise': {
        const to = readInteger(number ?? '', 1, MOST_PARTITIONS);
        if (to === undefined) throw new UsageError(`Give the number, from 1 to ${MOST_PARTITIONS}.`);
        const processes = await raise.raise(to, tenant);
        process.stdout.write(`${to} partitions, read by ${processes} processes\n`);
        return;
      }
      default:
        throw new UsageError(USAGE);
    }
  });
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
