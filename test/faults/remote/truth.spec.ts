import { describe, expect, it } from '@jest/globals';
import { checkEffects, checkRuns, type RemoteEvent, type RemoteRun } from './truth.js';

let ids = 0;
const event = (type: string, data: Record<string, unknown> = {}): RemoteEvent => ({
  id: `${++ids}`,
  type,
  data,
});
const said = (attempt: number, n: number): RemoteEvent => event('log.stdout', { attempt, n });
const ended = (attempt: number): RemoteEvent => event('lifecycle.completed', { result: { attempt } });
const run = (...events: RemoteEvent[]): RemoteRun => ({ id: 'r', events });

const found = (events: RemoteEvent[]): string[] => checkRuns([run(...events)], 2).map(({ broken }) => broken);

describe('What is read from the logs of runs of workers', () => {
  it('a run that was begun again and ended keeps what was promised', () => {
    expect(found([said(1, 0), event('system.warning'), said(2, 0), said(2, 1), ended(2)])).toEqual([]);
  });

  it.each<[string, RemoteEvent[], string]>([
    ['no end', [said(1, 0), said(1, 1)], 'unended'],
    ['two ends', [said(1, 0), said(1, 1), ended(1), ended(1)], 'doubled'],
    ['something behind the end', [said(1, 0), said(1, 1), ended(1), event('log.stderr')], 'disordered'],
    ['another end', [said(1, 0), said(1, 1), event('lifecycle.failed')], 'lost'],
    ['an attempt among another', [said(1, 0), said(2, 0), said(1, 1), said(2, 1), ended(2)], 'mixed'],
    ['an event twice', [said(1, 0), said(1, 0), said(1, 1), ended(1)], 'doubled'],
    ['a hole', [said(1, 1), ended(1)], 'lost'],
    ['an end too early', [said(1, 0), ended(1)], 'lost'],
    ['the end of another attempt', [said(1, 0), said(1, 1), ended(2)], 'lost'],
  ])('%s is found', (_, events, broken) => {
    expect(found(events)).toContain(broken);
  });

  it('effects that are lost, doubled, out of order or of a failure are found', () => {
    const runs = [run(said(1, 0), said(1, 1))];
    const [first, second] = runs[0]!.events.map(({ id }) => `r/${id}`);
    const effect = (group: string, of: string | undefined): RemoteEvent =>
      event('task.completed', { group, event: of });
    const both = (group: string): RemoteEvent[] => [effect(group, first), effect(group, second)];
    const check = (...events: RemoteEvent[]): string[] =>
      checkEffects(runs, [{ id: 'e', events }]).map(({ broken }) => broken);
    expect(check(...both('shared'), ...both('ordered'))).toEqual([]);
    expect(check(...both('shared').reverse(), ...both('ordered'))).toEqual([]);
    expect(check(...both('shared'), ...both('ordered').reverse())).toEqual(['disordered']);
    expect(check(...both('shared'), effect('ordered', first))).toEqual(['lost']);
    expect(check(...both('shared'), effect('shared', first), ...both('ordered'))).toEqual(['doubled']);
    expect(check(...both('shared'), ...both('ordered'), event('task.failed'))).toContain('doubled');
  });
});
