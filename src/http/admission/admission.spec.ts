import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { OverloadedError } from '../../common/index.js';
import { RequestLife } from '../edge/life/request-life.js';
import { Admission } from './admission.js';
import { AnswerRoom } from './answer-room.js';
import { Bound } from './bound.js';

describe('Admission', () => {
  let admission: Admission;
  beforeEach(() => {
    admission = new Admission({
      maxPendingRequests: 4,
      maxWaits: 2,
      maxPendingBytes: 100,
      maxAnswerBytes: 400,
      maxEventLoopDelayMs: 0,
    });
  });
  afterEach(() => {
    admission.onApplicationShutdown();
  });
  const inUse = () => admission.inUse();

  it('gives one caller its share, and the rest to others', () => {
    for (let n = 0; n < 2; n++) admission.admit(new RequestLife(), 'requests', 'a');
    expect(() => admission.admit(new RequestLife(), 'requests', 'a')).toThrow(OverloadedError);
    for (let n = 0; n < 2; n++) admission.admit(new RequestLife(), 'requests', 'b');
    expect(() => admission.admit(new RequestLife(), 'requests', 'c')).toThrow(OverloadedError);
    expect(admission.refused.requests).toBe(2);
  });

  it('takes everything back when the life ends, at once if it has ended already', () => {
    const life = new RequestLife();
    const place = admission.admit(life, 'requests', 'a');
    place.hold(40);
    expect(inUse()).toMatchObject({ requests: 1, bytes: 40 });
    life.end();
    place.hold(10);
    place.becomes('waits');
    expect(inUse()).toMatchObject({ requests: 0, waits: 0, bytes: 0 });
    admission.admit(life, 'requests', 'a');
    expect(inUse()).toMatchObject({ requests: 0 });
  });

  it('counts for the credential as soon as that is known, in a full house too', () => {
    const lives = ['a', 'a', 'b', 'b'].map((address) => {
      const life = new RequestLife();
      return { life, place: admission.admit(life, 'requests', address) };
    });
    lives[0]?.place.belongsTo('key');
    lives[2]?.place.belongsTo('key');
    expect(() => lives[1]?.place.belongsTo('key')).toThrow(OverloadedError);
    expect(inUse()).toMatchObject({ requests: 4 });
    for (const { life } of lives) life.end();
    expect(inUse()).toMatchObject({ requests: 0 });
    admission.admit(new RequestLife(), 'requests', 'key');
  });

  it('counts a request that waits among those that wait', () => {
    const life = new RequestLife();
    const place = admission.admit(life, 'requests', 'a');
    place.becomes('waits');
    expect(inUse()).toMatchObject({ requests: 0, waits: 1 });
    const second = admission.admit(new RequestLife(), 'requests', 'a');
    expect(() => {
      second.becomes('waits');
    }).toThrow(OverloadedError);
    expect(inUse()).toMatchObject({ requests: 1, waits: 1 });
    life.end();
    expect(inUse()).toMatchObject({ waits: 0 });
  });

  it('lets answers wait for room, each caller within its share', async () => {
    const room = new AnswerRoom(admission);
    const { signal } = new AbortController();
    const giveBack = await room.reserve('a', 100, signal);
    const waiting = room.reserve('a', 60, signal);
    (await room.reserve('b', 100, signal))();
    giveBack();
    (await waiting)();
    expect(inUse()).toMatchObject({ answers: 0 });
    const held = await room.reserve('a', 100, signal);
    await expect(room.reserve('a', 1, signal, 20)).rejects.toThrow(OverloadedError);
    const aborted = AbortSignal.abort(new Error('gone'));
    await expect(room.reserve('a', 1, aborted)).rejects.toThrow('gone');
    held();
    expect(inUse()).toMatchObject({ answers: 0 });
  });
});

describe('Bound', () => {
  it('is full for as long as there is no room, by more than one caller', () => {
    const bound = new Bound(10, 10);
    bound.take('a', 10);
    const later = performance.now() + 60_000;
    expect(bound.fullFor(later)).toBe(0);
    bound.giveBack('a', 10);
    bound.take('a', 5);
    bound.take('b', 5);
    expect(bound.fullFor(later)).toBeGreaterThan(50_000);
    bound.giveBack('b', 2);
    expect(bound.fullFor(later)).toBe(0);
  });
});
