import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { RunEvent } from '../../../packages/client/src/index.js';
import { Lanes, MAX_BUCKETS, MAX_LANES } from '../../../packages/dashboard/src/pages/run/lanes/lanes.js';
import { NewEvents } from '../../../packages/dashboard/src/rows/new-events.js';
import { RunLog } from '../../../packages/dashboard/src/store/run/run-log.js';

const START = Date.parse('2026-11-28T02:14:00Z');

function event(sequence: number, afterMs: number, agent?: string, action = 'stream'): RunEvent {
  return {
    id: `${START + afterMs}-${sequence}`,
    run_id: 'r',
    tenant_id: 't',
    sequence,
    timestamp: new Date(START + afterMs).toISOString(),
    event: { category: 'agent', action },
    ...(agent !== undefined && { source: { agent_id: agent } }),
    data: {},
  };
}

const countOf = (lanes: Lanes): number =>
  [...lanes.all.buckets.values()].reduce((sum, { count }) => sum + count, 0);

describe('lanes of a run', () => {
  it('count each event once, whichever end it came from, in a bounded number of pieces', () => {
    const times = fc.array(fc.integer({ min: 0, max: 10 ** 9 }), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 100 }), (ms, pageSize) => {
        const events = ms.map((afterMs, at) => event(at + 1, afterMs, `a${at % 3}`));
        const [log, fresh, lanes] = [new RunLog(), new NewEvents(), new Lanes()];
        const read = (from: number, to: number): void => {
          log.add(events.slice(Math.max(0, from), to));
          lanes.add(fresh.of(log), log.generation);
        };
        const middle = events.length >> 1;
        for (let end = middle; end > 0; end -= pageSize) read(end - pageSize, end);
        read(middle, events.length);
        lanes.close();
        expect([lanes.all.count, countOf(lanes)]).toEqual([events.length, events.length]);
        expect(lanes.to - lanes.from).toBeLessThan(MAX_BUCKETS);
        for (const one of events) {
          const bucket = lanes.all.buckets.get(lanes.indexAt(Date.parse(one.timestamp)));
          expect(bucket?.first).toBeLessThanOrEqual(one.sequence);
        }
      }),
    );
  });

  it('take no longer for a long run: a hundred thousand events are as many pieces as a thousand', () => {
    const lanes = new Lanes();
    const say = function* (): Generator<RunEvent> {
      for (let at = 1; at <= 100_000; at++) yield event(at, at * 1000, `agent ${at % 40}`);
    };
    lanes.add(say(), 0);
    lanes.close();
    expect(lanes.all.count).toBe(100_000);
    expect(lanes.all.buckets.size).toBeLessThanOrEqual(MAX_BUCKETS);
    expect(lanes.ofAgents).toHaveLength(MAX_LANES);
    expect(lanes.ofOthers?.count).toBe(40 - MAX_LANES);
    const counted = [...lanes.ofAgents, lanes.ofOthers?.lane].reduce(
      (sum, lane) => sum + (lane?.count ?? 0),
      0,
    );
    expect(counted).toBe(100_000);
  });

  it('name the silences, and where it went wrong, also where older events came later', () => {
    const lanes = new Lanes();
    const events = [
      event(1, 0, 'a'),
      event(2, 40_000, 'a'),
      event(3, 41_000, 'b', 'error'),
      event(4, 42_000, 'b'),
      event(5, 142_000, 'a'),
    ];
    lanes.add([events[3], events[4], events[2], events[1], events[0]] as RunEvent[], 0);
    lanes.close();
    expect(lanes.silences.map(({ fromMs, toMs }) => toMs - fromMs).sort()).toEqual([100_000, 40_000]);
    const b = lanes.ofAgents.find(({ agent }) => agent === 'b');
    expect([b?.first, b?.errors, b?.nearest(0)?.error]).toEqual([3, 1, 3]);
  });

  it('hear no silence where events are missing', () => {
    const lanes = new Lanes();
    lanes.add([event(1, 0), event(5, 100_000)], 0);
    lanes.close();
    expect(lanes.silences).toEqual([]);
  });

  it('begin anew with another log', () => {
    const lanes = new Lanes();
    lanes.add([event(1, 0, 'a'), event(2, 50_000, 'b')], 0);
    lanes.add([event(1, 90_000, 'c')], 1);
    lanes.close();
    expect(lanes.ofAgents.map(({ agent }) => agent)).toEqual(['c']);
    expect([lanes.all.count, lanes.silences, lanes.ofOthers]).toEqual([1, [], undefined]);
  });
});
