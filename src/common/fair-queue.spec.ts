import { describe, expect, it } from '@jest/globals';
import { FairQueue } from './fair-queue.js';

describe('FairQueue', () => {
  const takeAll = (queue: FairQueue<string>): string[] => {
    const taken: string[] = [];
    for (let item = queue.take(); item !== undefined; item = queue.take()) taken.push(item);
    return taken;
  };

  it('takes turns while nothing is charged', () => {
    const queue = new FairQueue<string>();
    for (const item of ['a1', 'a2', 'a3', 'b1', 'b2']) queue.put([item[0] ?? ''], item);
    expect(takeAll(queue)).toEqual(['a1', 'b1', 'a2', 'b2', 'a3']);
  });

  it('T242 lets those wait whose items cost much, and not those who ask for little', () => {
    const queue = new FairQueue<string>();
    for (let n = 0; n < 50; n++) queue.put(['page', 'greedy'], `greedy ${n}`);
    for (let n = 0; n < 3; n++) {
      queue.take();
      queue.charge(['page', 'greedy'], 1000);
    }
    for (let n = 0; n < 100; n++) queue.put(['page', 'good'], `good ${n}`);
    let before = 0;
    for (let item = queue.take(); item !== undefined; item = queue.take()) {
      if (item === 'good 99') break;
      const [who = ''] = item.split(' ');
      if (who === 'greedy') before++;
      queue.charge(['page', who], who === 'greedy' ? 1000 : 10);
    }
    // A hundred items of the one cost what one of the other does.
    expect(before).toBeLessThanOrEqual(2);
  });

  it('T242 saves nobody a credit for a time in which they asked for nothing', () => {
    const queue = new FairQueue<string>();
    const takeAndCharge = (): string => {
      const who = (queue.take() ?? '').split(' ')[0] ?? '';
      queue.charge([who], 100);
      return who;
    };
    queue.put(['late'], 'late');
    takeAndCharge();
    for (let n = 0; n < 20; n++) queue.put(['busy'], `busy ${n}`);
    for (let n = 0; n < 10; n++) takeAndCharge();
    for (let n = 0; n < 10; n++) queue.put(['late'], `late ${n}`);
    const taken = Array.from({ length: 10 }, takeAndCharge);
    expect(taken.filter((who) => who === 'late').length).toBeLessThanOrEqual(6);
  });

  it('forgets what is taken out again', () => {
    const queue = new FairQueue<string>();
    const takeOut = queue.put(['a', 'b'], 'gone');
    queue.put(['a', 'c'], 'here');
    takeOut();
    takeOut();
    expect(queue.size).toBe(1);
    expect(takeAll(queue)).toEqual(['here']);
    expect(queue.size).toBe(0);
  });
});
