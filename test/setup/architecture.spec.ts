import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { AUTH_KEYS } from '../../src/auth/auth-keys.js';
import { ERROR_STATUS } from '../../src/common/errors.js';
import * as keys from '../../src/event-store/log/keys.js';
import { LIMIT_KEYS } from '../../src/limits/limit-keys.js';
import { tagOf } from '../../src/stream-consumer/buckets.js';
import { type UpkeepTask, WORK_KEYS } from '../../src/stream-consumer/work-keys.js';
import { startChild } from '../support/child.js';

const architecture = readFileSync('docs/architecture.md', 'utf8');
const protocol = readFileSync('docs/protocol.md', 'utf8');

const RUN = 'r0_00000000000000000000000000';
const GROUP = 'some-group';

/** Every key that an object of keys has, with `<>` for whatever a function puts in. */
function keysIn(value: unknown): string[] {
  if (typeof value === 'string') return [value.endsWith(':') ? `${value}<>` : value];
  if (typeof value === 'function') return keysIn((value as (...of: string[]) => unknown)('<>', '<>'));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => (name === 'prefix' ? [] : keysIn(each)));
}

function keysOfTheCode(): string[] {
  const space = new keys.Keyspace(false);
  const scoped = [
    space.run('t', RUN),
    space.partition('t', 0),
    space.group('t', 0, GROUP),
    space.idempotencyMarker('t', 'scope', ['key']).replace(/idempotency:.*/, 'idempotency:<>'),
  ].flatMap(keysIn);
  const others = Object.entries(keys)
    .filter(([name]) => /_KEY$|Key$/.test(name))
    .flatMap(([, value]) => keysIn(value));
  const work = [
    WORK_KEYS.touched('<>', 0),
    WORK_KEYS.touchedBuckets,
    WORK_KEYS.swept(0),
    WORK_KEYS.held('<>', '<>', 0),
    WORK_KEYS.members('<>'),
    WORK_KEYS.consumers,
    WORK_KEYS.upkeep('<>' as UpkeepTask, 0),
    WORK_KEYS.upkeepTurn('<>'),
    WORK_KEYS.upkeepWalk('<>'),
    WORK_KEYS.channel(0),
  ].map((key) => key.replace(tagOf(0), '<>'));
  return [...scoped, ...others, ...work, ...keysIn(AUTH_KEYS), ...keysIn(LIMIT_KEYS)].map((key) =>
    key.replace('runstream:{0}:', '').replace(RUN, '<>').replace(GROUP, '<>'),
  );
}

describe('docs/architecture.md', () => {
  it('shows all modules, as the lint has them', async () => {
    const check = startChild(process.execPath, ['scripts/module-picture.mjs', '--check']);
    expect(await check.exit()).toBe(0);
    expect(check.lines).toEqual([]);
  });

  it('lists every key, and no other', () => {
    const section = architecture.slice(
      architecture.indexOf('### Keys'),
      architecture.indexOf('### The append'),
    );
    const listed = [...section.matchAll(/^\| `([^`]+)` /gm)].map(([, key]) => key!.replace(/<[^>]*>/g, '<>'));
    expect(listed.sort()).toEqual([...new Set(keysOfTheCode())].sort());
  });
});

describe('docs/protocol.md', () => {
  it('lists every error code with its status, and no other', () => {
    const section = protocol.slice(protocol.indexOf('### Errors'), protocol.indexOf('## 2.'));
    const rows = [...section.matchAll(/^\| (`[A-Z_`, ]+`) +\| (\d+) /gm)];
    const listed = rows.flatMap(([, codes = '', status]) =>
      [...codes.matchAll(/[A-Z_]+/g)].map(([code]) => [code, Number(status)]),
    );
    expect(Object.fromEntries(listed)).toEqual(ERROR_STATUS);
  });
});
