import { describe, expect, it } from '@jest/globals';
import { checkService } from './service-checker.js';
import type { Acknowledged, LogEvent, Seen, ServiceHistory, WatcherHistory } from './service-history.js';

type Draft = Omit<ServiceHistory, 'acknowledged' | 'logs' | 'watchers' | 'dead' | 'groups'> & {
  groups: { name: string; ordered: boolean }[];
  acknowledged: Acknowledged[];
  logs: Map<string, LogEvent[]>;
  dead: { group: string; event: string }[];
  watchers: (Omit<WatcherHistory, 'seen'> & { seen: Seen[] })[];
};

const numbered = (id: string, n: number): LogEvent => ({
  id,
  type: 'log.stdout',
  numbered: { by: 'p', n },
  isTerminal: false,
});
const effect = (id: string, of: string): LogEvent => ({
  id,
  type: 'task.completed',
  effect: { group: 'g', for: of },
  isTerminal: false,
});
const event = (id: string): Seen => ({ kind: 'event', id, dataId: id, key: id });
const gap = (reason: string): Seen => ({ kind: 'gap', reason, missed: null });

/** One run: its start, two events with their effects, its end; one watcher that saw it all. */
function goodHistory(): Draft {
  const log: LogEvent[] = [
    { id: '1-1', type: 'lifecycle.started', isTerminal: false },
    numbered('2-2', 1),
    numbered('2-3', 2),
    effect('3-4', '2-2'),
    effect('3-5', '2-3'),
    { id: '4-6', type: 'lifecycle.completed', isTerminal: true },
  ];
  return {
    groups: [{ name: 'g', ordered: true }],
    acknowledged: [
      { runId: 'r', id: '2-2', by: 'p', n: 1, at: 10 },
      { runId: 'r', id: '2-3', by: 'p', n: 2, at: 20 },
    ],
    logs: new Map([['r', log]]),
    dead: [],
    watchers: [
      {
        name: 'w',
        runId: 'r',
        seen: [{ kind: 'connected' }, ...log.map(({ id }) => event(id)), { kind: 'close', reason: 'ended' }],
      },
    ],
  };
}

const broken = (change: (history: Draft) => void): string[] => {
  const history = goodHistory();
  change(history);
  return checkService(history).map((violation) => violation.broken);
};

const watching = (change: (seen: Seen[], watcher: Draft['watchers'][number]) => void): string[] =>
  broken(({ watchers }) => {
    change(watchers[0]!.seen, watchers[0]!);
  });

const logged = (change: (log: LogEvent[], history: Draft) => void): string[] =>
  broken((history) => {
    history.watchers = [];
    change(history.logs.get('r')!, history);
  });

describe('The checker of scenarios', () => {
  it('finds nothing in a good history', () => {
    expect(broken(() => undefined)).toEqual([]);
  });

  describe('producers', () => {
    it('finds an event that was acknowledged and is not there, or is another one', () => {
      expect(broken(({ acknowledged }) => acknowledged.push({ ...acknowledged[0]!, id: '9-9' }))).toEqual([
        'missing',
      ]);
      expect(broken(({ acknowledged }) => (acknowledged[0]!.n = 2))).toEqual(['missing']);
      expect(broken(({ acknowledged }) => (acknowledged[0]!.runId = 'gone'))).toEqual(['missing']);
    });

    it('excuses it only for the time in which Redis lost its data', () => {
      const lost = (lossUntil: number): string[] =>
        broken((history) => {
          history.lossUntil = lossUntil;
          history.acknowledged.push({ ...history.acknowledged[0]!, id: '9-9', at: 15 });
        });
      expect(lost(15)).toEqual([]);
      expect(lost(14)).toEqual(['missing']);
    });

    it('finds an event that is stored twice', () => {
      const twice = logged((log) => log.splice(3, 0, numbered('2-9', 2), effect('3-10', '2-9')));
      expect(twice).toContain('doubled');
    });

    it('finds events that are stored out of order, and one that was left out', () => {
      const swap = (log: LogEvent[]): void => {
        log[1]!.numbered!.n = 2;
        log[2]!.numbered!.n = 1;
      };
      const swapped = logged((log, history) => {
        swap(log);
        history.acknowledged = [];
        history.lossUntil = 0;
      });
      expect(swapped).toEqual(['disordered']);
      const leftOut = logged((log, history) => {
        log[2]!.numbered!.n = 3;
        history.acknowledged.pop();
      });
      expect(leftOut).toEqual(['missing']);
    });
  });

  describe('handlers', () => {
    it('finds an event that nobody handled', () => {
      expect(logged((log) => log.splice(4, 1))).toEqual(['not handled']);
    });

    it('takes a dead letter for an outcome, and both for one too many', () => {
      const bury = (history: Draft) => history.dead.push({ group: 'g', event: 'r/2-3' });
      expect(
        logged((log, history) => {
          log.splice(4, 1);
          bury(history);
        }),
      ).toEqual([]);
      expect(logged((_, history) => bury(history))).toEqual(['handled twice']);
    });

    it('finds an effect that was made twice', () => {
      expect(logged((log) => log.splice(5, 0, effect('3-9', '2-3')))).toEqual(['handled twice']);
    });

    it('finds an effect of an event that is not there', () => {
      expect(logged((log) => log.splice(5, 0, effect('3-9', '7-7')))).toEqual(['invented']);
    });

    it('finds effects out of order, where order is promised', () => {
      const swap = (log: LogEvent[]): void => {
        log[3]!.effect!.for = '2-3';
        log[4]!.effect!.for = '2-2';
      };
      expect(logged(swap)).toEqual(['handled out of order']);
      expect(
        logged((log, history) => {
          swap(log);
          history.groups[0]!.ordered = false;
        }),
      ).toEqual([]);
    });
  });

  describe('watchers', () => {
    it('finds an event that came twice', () => {
      expect(watching((seen) => seen.splice(3, 0, event('2-2')))).toEqual(['doubled']);
    });

    it('finds an event that came too late', () => {
      expect(watching((seen) => seen.splice(2, 2, event('2-3'), event('2-2')))).toEqual([
        'disordered',
        'false belief',
      ]);
    });

    it('finds one that missed an event and was not told', () => {
      expect(watching((seen) => seen.splice(3, 1))).toEqual(['false belief']);
    });

    it('finds one with a filter that missed an event of its types, and forgives it those of others', () => {
      const filtered = (type: string): string[] =>
        watching((seen, watcher) => {
          Object.assign(watcher, { type });
          watcher.seen = seen.filter(
            (one) => one.kind !== 'event' || !['2-3', '3-4', '3-5'].includes(one.id),
          );
        });
      expect(filtered('log.*,lifecycle.*')).toEqual(['false belief']);
      expect(
        watching((seen, watcher) => {
          Object.assign(watcher, { type: 'log.*,lifecycle.*' });
          watcher.seen = seen.filter((one) => one.kind !== 'event' || !['3-4', '3-5'].includes(one.id));
        }),
      ).toEqual([]);
    });

    it('finds one that holds what was taken back, unless it was told to discard it', () => {
      const takenBack = [event('1-1'), event('2-2'), event('3-3')];
      const whole = goodHistory().watchers[0]!.seen.slice(1);
      expect(watching((seen) => seen.splice(1, 3, ...takenBack))).toEqual(['false belief']);
      expect(
        watching((seen) => seen.splice(1, seen.length, ...takenBack, gap('diverged'), ...whole)),
      ).toEqual([]);
      const silent = watching((seen) => seen.splice(1, seen.length, ...takenBack, ...whole));
      expect(silent).toContain('doubled');
      expect(silent).toContain('false belief');
    });

    it('finds one that was told to discard what it holds, and was not given it again', () => {
      expect(watching((seen) => seen.splice(3, 0, gap('diverged')))).toEqual(['false belief']);
    });

    it('lets one be that was told of a trimmed beginning, and finds what it lacks since', () => {
      const trimmed = (skipped: number): string[] =>
        broken(({ watchers, logs }) => {
          logs.get('r')!.shift();
          watchers[0]!.seen.splice(1, 1 + skipped, gap('trimmed'));
        });
      expect(trimmed(0)).toEqual([]);
      expect(trimmed(1)).toEqual(['false belief']);
    });

    it('finds a close without the terminal event, and a stream that never ended', () => {
      expect(watching((seen) => seen.splice(-2, 1))).toEqual(['false belief']);
      expect(watching((seen) => seen.pop())).toEqual(['false belief']);
    });

    it('finds one that was told of a deletion that never was, and one that was not told of a loss', () => {
      expect(watching((seen) => seen.splice(-1, 1, { kind: 'close', reason: 'deleted' }))).toEqual([
        'false belief',
      ]);
      const gone = (end: Seen): string[] =>
        broken((history) => {
          history.acknowledged = [];
          history.logs.clear();
          history.watchers[0]!.seen.splice(-2, 2, end);
        });
      expect(gone({ kind: 'over' })).toEqual(['false belief']);
      expect(gone({ kind: 'close', reason: 'deleted' })).toEqual([]);
      expect(gone({ kind: 'refused', status: 404 })).toEqual([]);
    });

    it('finds an EventSource that an outage has lost for good', () => {
      expect(watching((seen) => seen.splice(-2, 2, { kind: 'refused', status: 503 }))).toEqual([
        'false belief',
      ]);
    });

    it('finds a provisional event that passes for a stored one, and a frame with another id than its event', () => {
      const provisional = (looksDurable: boolean): string[] =>
        watching((seen) => seen.splice(3, 0, { kind: 'provisional', key: 'k', looksDurable }));
      expect(provisional(false)).toEqual([]);
      expect(provisional(true)).toEqual(['false belief']);
      expect(watching((seen) => seen.splice(2, 1, { ...event('2-2'), dataId: '9-9' } as Seen))).toEqual([
        'false belief',
      ]);
    });
  });
});
