import { describe, expect, it } from '@jest/globals';
import { checkHistory, type FaultHistory, type HandlerAttempt, type ProducedEvent } from './checker.js';

/** Three events of one run, handled one after the other; the third is poison and dead-lettered. */
function goodHistory(): FaultHistory {
  const events: ProducedEvent[] = [1, 2, 3].map((sequence) => ({
    id: `run/1-${sequence}`,
    runId: 'run',
    sequence,
    poisons: sequence === 3 ? 'g' : null,
  }));
  const attempt = (event: string, token: number, beganAt: number, more: Partial<HandlerAttempt> = {}) => ({
    group: 'g',
    event,
    worker: 'a',
    token,
    beganAt,
    endedAt: beganAt + 10,
    ...more,
  });
  return {
    leaseMs: 1000,
    groups: [{ name: 'g', ordered: true }],
    events,
    attempts: [
      attempt('run/1-1', 1, 100),
      attempt('run/1-2', 2, 200),
      attempt('run/1-3', 3, 300),
      attempt('run/1-3', 4, 2000, { worker: 'b' }),
    ],
    commits: [
      { group: 'g', event: 'run/1-1', token: 1, at: 111, position: 1 },
      { group: 'g', event: 'run/1-2', token: 2, at: 211, position: 2 },
    ],
    dead: [{ group: 'g', event: 'run/1-3' }],
    silences: [],
  };
}

const broken = (change: (history: FaultHistory) => void): string[] => {
  const history = goodHistory();
  change(history);
  return checkHistory(history).map((violation) => violation.broken);
};

describe('The checker of the fault tests', () => {
  it('finds nothing in a good history', () => {
    expect(broken(() => undefined)).toEqual([]);
  });

  it('finds an event that was lost', () => {
    expect(broken((history) => history.commits.shift())).toEqual(['lost']);
  });

  it('finds an effect that was made twice', () => {
    const twice = broken((history) => history.commits.push({ ...history.commits[1]!, at: 220, position: 3 }));
    expect(twice).toEqual(['doubled']);
  });

  it('finds an event that was committed and dead-lettered', () => {
    expect(broken((history) => history.dead.push({ group: 'g', event: 'run/1-1' }))).toEqual([
      'doubled',
      'condemned',
    ]);
  });

  it('finds a commit under a token that is no longer the highest', () => {
    const late = broken((history) =>
      history.attempts.push({ ...history.attempts[1]!, token: 9, worker: 'b', beganAt: 230, endedAt: 240 }),
    );
    expect(late).toEqual(['late']);
  });

  it('finds two attempts at once, unless the first had been silent for long enough to lose its lease', () => {
    const overlap = (history: FaultHistory): void => {
      history.attempts[2]!.endedAt = 2500;
    };
    expect(broken(overlap)).toEqual(['overlapping']);
    const silent = (from: number, to: number, worker?: string) =>
      broken((history) => {
        overlap(history);
        history.silences.push({ from, to, ...(worker !== undefined && { worker }) });
      });
    expect(silent(400, 1800, 'a')).toEqual([]);
    expect(silent(400, 1800)).toEqual([]);
    expect(silent(400, 700, 'a')).toEqual(['overlapping']);
    expect(silent(400, 1800, 'b')).toEqual(['overlapping']);
    expect(silent(1900, 4000, 'a')).toEqual(['overlapping']);
  });

  it('finds commits out of order', () => {
    const disordered = broken((history) => {
      history.commits[0]!.position = 5;
    });
    expect(disordered).toEqual(['disordered']);
  });

  it('finds an event that was begun before the one before it was done', () => {
    const early = broken((history) => {
      history.attempts[1]!.beganAt = 105;
    });
    expect(early).toEqual(['disordered']);
  });

  it('asks for no order of a group that promises none', () => {
    const early = broken((history) => {
      history.groups[0]!.ordered = false;
      history.commits[0]!.position = 5;
    });
    expect(early).toEqual([]);
  });

  it('finds poison that was let through, and a neighbour that was condemned with it', () => {
    const survived = broken((history) => {
      history.dead = [];
      history.commits.push({ group: 'g', event: 'run/1-3', token: 4, at: 2011, position: 3 });
    });
    expect(survived).toEqual(['survived']);
    const condemned = broken((history) => {
      history.commits.pop();
      history.dead.push({ group: 'g', event: 'run/1-2' });
    });
    expect(condemned).toEqual(['condemned']);
  });

  it('finds effects of what never was', () => {
    const invented = broken((history) => {
      history.commits[0]!.token = 77;
      history.commits.push({ group: 'g', event: 'run/1-99', token: 5, at: 400, position: 9 });
    });
    expect(invented).toEqual(['invented', 'invented']);
  });
});
