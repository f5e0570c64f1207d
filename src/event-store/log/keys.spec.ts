import { describe, expect, it } from '@jest/globals';
import { RunNotFoundError } from '../../common/index.js';
import { Keyspace } from './keys.js';
import { newRunId } from './runs/run-id.js';

const hashTag = (key: string) => /\{([^}]*)\}/.exec(key)?.[1];

describe('The keys', () => {
  it('carry the tenant, or not, as configured', () => {
    const run = newRunId();
    expect(new Keyspace(true).run('acme', run).events).toBe(
      `tenant:acme:runstream:{acme.0}:run:${run}:events`,
    );
    expect(new Keyspace(false).run('acme', run).events).toBe(`runstream:{0}:run:${run}:events`);
  });

  it('of a partition are all in one slot of a cluster, whatever a request key holds', () => {
    const keys = new Keyspace(true);
    const partition = keys.partitionOf('acme', newRunId());
    const { runs, active, journal, journalLast, journalLive } = partition;
    const all = [
      ...[
        runs,
        active,
        journal,
        journalLast,
        journalLive,
        partition.dispatch('x'),
        partition.request('}{other}'),
      ],
      ...Object.values<string>({ ...keys.run('acme', newRunId()) }),
    ];
    expect(new Set(all.map(hashTag))).toEqual(new Set(['acme.0']));
  });

  it('of two tenants are never the same, nor a prefix of each other', () => {
    const keys = new Keyspace(true);
    const runs = ['a', 'a-b', 'a_b', 'ab'].map((tenant) => keys.partition(tenant, 0).runs);
    for (const a of runs) for (const b of runs) if (a !== b) expect(b.startsWith(a)).toBe(false);
  });

  it.each([
    '',
    'a:b',
    'a{b',
    'a}b',
    'a*',
    'a\n',
    '\na',
    'A',
    '_a',
    '-a',
    'a b',
    'ä',
    'a'.repeat(64),
    '..',
    'a\0',
  ])('T55 are not made for the tenant %j', (tenant) => {
    for (const multiTenant of [true, false]) {
      expect(() => new Keyspace(multiTenant).partition(tenant, 0)).toThrow(TypeError);
      expect(() => new Keyspace(multiTenant).run(tenant, newRunId())).toThrow(TypeError);
    }
  });

  it.each([
    '',
    '*',
    'r0_x:events',
    '{x}',
    'r0_01kbz6v2m8e7q9n4t3x5c1d2f}',
    'r0_01kbz6v2m8e7q9n4t3x5c1d2fa:events',
  ])('T55 are not made for the run %j', (run) => {
    expect(() => new Keyspace(true).run('acme', run)).toThrow(RunNotFoundError);
  });
});
