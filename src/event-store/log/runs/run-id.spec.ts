import { describe, expect, it } from '@jest/globals';
import { RunNotFoundError } from '../../../common/index.js';
import { newRunId, partitionOfRun } from './run-id.js';

describe('A run id', () => {
  it('sorts by its making, also within one millisecond and when the clock goes back', () => {
    const ids = Array.from({ length: 5000 }, (_, i) => newRunId(0, 1_795_279_279_000 - (i % 3)));
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    expect(newRunId(0, 1_995_279_279_000) > (ids.at(-1) ?? '')).toBe(true);
  });

  it('says in which partition the run lives', () => {
    for (const partition of [0, 1, 9, 16_383]) expect(partitionOfRun(newRunId(partition))).toBe(partition);
  });

  const rest = '01kbz6v2m8e7q9n4t3x5c1d2fa';
  it.each([
    ...[
      '',
      'r0_',
      rest,
      `r_${rest}`,
      `r00_${rest}`,
      `r-1_${rest}`,
      `r0_${rest}0`,
      `r0_${rest.slice(1)}`,
      `R0_${rest}`,
    ],
    ...[`r0_${rest}\n`, ` r0_${rest}`, `r0_${rest.replace('a', 'u')}`, `r0_${rest.replace('a', 'A')}`],
    ...[
      `r0_${rest.replace('a', ':')}`,
      `r0_${rest.replace('a', '}')}`,
      `r0_${rest.replace('a', '*')}`,
      '../runs',
      '*',
    ],
  ])('T55 is not %j: there is no such run', (id) => {
    expect(() => partitionOfRun(id)).toThrow(RunNotFoundError);
  });
});
