import { describe, expect, it } from '@jest/globals';
import slotOf from 'cluster-key-slot';
import { BUCKETS, bucketOf, partitionOf, tagOf, tenantOf } from '../buckets.js';
import { homesOf } from './membership.js';
import { WORK_KEYS } from '../work-keys.js';

const SLOTS = 16_384;

describe('Buckets', () => {
  it('lie evenly in the slots of a Redis Cluster, with all keys of one in one slot', () => {
    for (const bucket of BUCKETS) {
      const slot = slotOf(WORK_KEYS.swept(bucket));
      expect(Math.floor((slot * BUCKETS.length) / SLOTS)).toBe(bucket);
      const keys = [WORK_KEYS.touched('journal', bucket), WORK_KEYS.held('group:a', 'one', bucket)];
      expect(keys.map((key) => slotOf(key))).toEqual([slot, slot]);
    }
    expect(new Set(BUCKETS.map(tagOf)).size).toBe(BUCKETS.length);
  });

  it('get equal parts of tenants whose names differ only at their end', () => {
    const counts = BUCKETS.map(() => 0);
    for (let n = 0; n < 6400; n++) counts[bucketOf(partitionOf(`tenant-${n}`))]!++;
    expect(Math.min(...counts)).toBeGreaterThan(60);
    expect(Math.max(...counts)).toBeLessThan(150);
    expect(tenantOf(partitionOf('a-b_c', 3))).toBe('a-b_c');
  });
});

describe('Homes', () => {
  const members = (count: number): string[] =>
    Array.from({ length: count }, (_, n) => `host-${n}-abc${n}`).sort();
  const sharesOf = (count: number): number[] => {
    const homes = homesOf(members(count));
    return members(count).map((member) => homes.filter((home) => home === member).length);
  };

  it.each([1, 2, 3, 5, 7, 8, 13, 64])('%i members have equal shares', (count) => {
    const shares = sharesOf(count);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBe(BUCKETS.length);
    expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
  });

  it('are known when there are more members than buckets, and none without any', () => {
    expect(new Set(homesOf(members(100))).size).toBe(BUCKETS.length);
    expect(homesOf([])).toEqual([]);
  });

  it('mostly stay when a member leaves', () => {
    const before = homesOf(members(8));
    const after = homesOf(members(8).slice(0, 7));
    const moved = before.filter((home, bucket) => home !== after[bucket]).length;
    // Eight must; others make room for what is shared out anew.
    expect(moved).toBeLessThan(24);
  });
});
