import { describe, expect, it } from '@jest/globals';
import slotOf from 'cluster-key-slot';
import { RunNotFoundError } from '../../common/index.js';
import { Keyspace } from '../log/keys.js';
import { newRunId } from '../log/runs/run-id.js';
import { MOST_PARTITIONS, partitionTag } from './partition-tag.js';

const SLOTS = 16_384;

describe('The tags of partitions', () => {
  const tenants = ['', 'acme.', 'default.', ...Array.from({ length: 50 }, (_, n) => `t${n}.`)];

  it('T285 lie evenly in the slots of a cluster, for each number that halves what was there', () => {
    for (const tenant of tenants) {
      for (const count of [2, 4, 8, MOST_PARTITIONS]) {
        const slots = Array.from({ length: count }, (_, p) => slotOf(`{${partitionTag(tenant, p)}}`));
        // Each is within one part of the sixteen of where it would be if all were equally far apart.
        const parts = slots.map((slot) => Math.floor((slot * MOST_PARTITIONS) / SLOTS)).sort((a, b) => a - b);
        const step = MOST_PARTITIONS / count;
        expect(parts.map((part) => part - parts[0]!)).toEqual(parts.map((_, i) => i * step));
      }
    }
  });

  it('T285 keep the first partition where it was, and are the same in every process', () => {
    expect(partitionTag('', 0)).toBe('0');
    expect(partitionTag('acme.', 0)).toBe('acme.0');
    // Runs lie under these: they must never be others.
    expect([1, 2, 3, 15].map((p) => partitionTag('', p))).toEqual(['1-2', '2-10', '3-20', '15-4']);
    expect([1, 2, 3, 15].map((p) => partitionTag('acme.', p))).toEqual([
      'acme.1-21',
      'acme.2-41',
      'acme.3',
      'acme.15-43',
    ]);
  });

  it('all keys of a partition are in one slot, and none are for an id that names more partitions than there can be', () => {
    const keys = new Keyspace(true);
    const run = newRunId(3);
    const { journal, runs } = keys.partition('acme', 3);
    const slots = [journal, runs, keys.run('acme', run).events, keys.group('acme', 3, 'g').meta].map((key) =>
      slotOf(key),
    );
    expect(new Set(slots).size).toBe(1);
    expect(() => keys.run('acme', newRunId(MOST_PARTITIONS))).toThrow(RunNotFoundError);
  });
});
