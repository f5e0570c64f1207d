import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { LimitRefusals } from './limit-refusals.js';

describe('LimitRefusals', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('logs once a minute for each tenant and limit, and counts each', () => {
    const lines: string[] = [];
    jest.spyOn(Logger.prototype, 'warn').mockImplementation((line: unknown) => lines.push(String(line)));
    const now = jest.spyOn(performance, 'now').mockReturnValue(1000);
    const refusals = new LimitRefusals();
    for (let i = 0; i < 100; i++) refusals.refuse('acme', 'active_runs', 5, 10.2);
    refusals.refuse('acme', 'open_streams', 5, 10);
    refusals.refuse('other', 'active_runs', 5, 10);
    now.mockReturnValue(61_001);
    const error = refusals.refuse('acme', 'active_runs', 5, 10.2);
    expect(lines.map((line) => /tenant (\S+) .*limit (\S+)/.exec(line)?.slice(1))).toEqual([
      ['acme', 'active_runs'],
      ['acme', 'open_streams'],
      ['other', 'active_runs'],
      ['acme', 'active_runs'],
    ]);
    expect(refusals.byLimit).toMatchObject({ active_runs: 102, open_streams: 1, stored_bytes: 0 });
    expect(refusals.top(1)).toEqual([['acme', 102]]);
    expect(error.details).toEqual({ limit: 'active_runs', value: 5, retry_after_ms: 11 });
  });
});
