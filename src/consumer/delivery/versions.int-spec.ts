import { describe, expect, it } from '@jest/globals';
import type { TestConsumers } from '../../../test/support/consumer.js';
import { consumerScenes } from '../../../test/support/consumer-scene.js';
import { eventually } from '../../../test/support/eventually.js';
import { line } from '../../../test/support/event-store.js';
import { GroupMembers } from '../members/group-members.js';

const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);
const warning = (n: number) => ({
  event: { category: 'system' as const, action: 'warning' },
  data: { message: `${n}` },
});

describe('Versions of a handler that run at the same time', () => {
  const open = consumerScenes();

  /** Once all of them know of as many versions: what each knows of the others is at most a second old. */
  const knowEachOther = (group: string, all: readonly TestConsumers[]): Promise<void> =>
    eventually('all know each other', async () => {
      const views = await Promise.all(all.map(({ app }) => app.get(GroupMembers).view(group)));
      return views.every(({ length }) => length === all.length);
    });

  it('T250 what one does not want is handed on to the other, by types', async () => {
    const scene = await open();
    const lines: string[] = [];
    const warnings: string[] = [];
    const one = await scene.start((text) => void lines.push(text), { types: ['log.stdout'], concurrency: 5 });
    const two = await scene.start(
      (text, _context, { event, data }) => {
        if (event.category === 'log') lines.push(text);
        else warnings.push(String(data['message']));
      },
      { types: ['log.stdout', 'system.warning'], version: 2, concurrency: 5 },
    );
    await knowEachOther(scene.group, [one, two]);
    for (const n of upTo(100)) await scene.store.append(scene.tenant, scene.run, [line(`${n}`), warning(n)]);
    await eventually('all are settled', () => scene.isSettled());
    expect(lines.map(Number).sort((a, b) => a - b)).toEqual(upTo(100));
    expect(warnings.map(Number).sort((a, b) => a - b)).toEqual(upTo(100));
  });

  it('T250 each is asked once, and what all refuse is acknowledged', async () => {
    const scene = await open();
    const asked: Record<string, number> = { one: 0, two: 0, three: 0 };
    const seen: string[] = [];
    const start = (name: string, version: number, wanted: (text: string) => boolean) =>
      scene.start(
        (text) => void seen.push(`${name} ${text}`),
        { types: ['log.stdout'], version, concurrency: 5 },
        {
          canHandle: ({ data }) => {
            asked[name]!++;
            return wanted(String(data['line']));
          },
        },
      );
    const one = await start('one', 1, () => false);
    const two = await start('two', 2, () => false);
    const three = await start('three', 3, (text) => Number(text) % 2 === 0);
    await knowEachOther(scene.group, [one, two, three]);
    for (const n of upTo(60)) await scene.append(`${n}`);
    await eventually('all are settled', () => scene.isSettled());
    expect(seen.map((text) => Number(text.split(' ')[1])).sort((a, b) => a - b)).toEqual(
      upTo(60).filter((n) => n % 2 === 0),
    );
    // Each was asked, and at the most once more where an entry was looked for that was just being handed on.
    for (const name of ['one', 'two', 'three']) expect(asked[name]).toBeLessThanOrEqual(120);
    expect(asked['three']).toBeGreaterThanOrEqual(60);
  });

  it('T251 an ordered group goes on with its newest version, and with the older one when that is gone', async () => {
    const scene = await open();
    const seen: string[] = [];
    const start = (name: string, version: number, types: string[]) =>
      scene.start((text) => void seen.push(`${name} ${text}`), { types, version, ordering: 'run' });
    await start('old', 1, ['log.stdout', 'system.warning']);
    await scene.append('1');
    await eventually('the old one handles', () => seen.includes('old 1'));
    const next = await start('new', 2, ['log.stdout']);
    let n = 1;
    await eventually('the new one handles', async () => {
      await scene.append(`${++n}`);
      await eventually('it is handled', () => scene.isSettled());
      return seen.at(-1) === `new ${n}`;
    });
    await scene.store.append(scene.tenant, scene.run, [warning(0)]);
    await eventually('what only the old one wanted is told', async () => (await scene.dead()).length === 1);
    expect((await scene.dead())[0]?.['error']).toContain('only an older version');
    await next.close();
    await scene.append(`${++n}`);
    await eventually('the old one is there again', () => seen.at(-1) === `old ${n}`);
    expect(seen.map((text) => Number(text.split(' ')[1]))).toEqual(upTo(n));
  });
});
