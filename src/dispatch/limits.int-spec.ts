import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestExecutors, type TestExecutors, typeOf } from '../../test/support/executors.js';
import { eventually } from '../../test/support/eventually.js';
import { type Executor, type RunExecution, RunExecutor } from '../executors/index.js';
import { LIMIT_KEYS } from '../limits/index.js';

const COUNT = 40;

/** Says much, and awaits each. */
@RunExecutor('talker')
class TalkerExecutor implements Executor {
  said = 0;

  async execute(run: RunExecution): Promise<unknown> {
    for (let n = 0; n < COUNT; n++) {
      await run.emit('log.stdout', { line: String(n) });
      this.said++;
    }
    return 'done';
  }
}

/** Says nothing, and ends when it may. */
@RunExecutor('silent')
class SilentExecutor implements Executor {
  goOn: () => void = () => undefined;
  private readonly may = new Promise<void>((resolve) => (this.goOn = resolve));

  execute(): Promise<void> {
    return this.may;
  }
}

describe('A limit of the tenant and its executors', () => {
  let one: TestExecutors;
  beforeAll(async () => {
    one = await createTestExecutors({ providers: [TalkerExecutor, SilentExecutor] });
  });
  afterAll(() => one.close());

  it('T293 slows what an executor says, and loses nothing of it', async () => {
    const key = LIMIT_KEYS.of(one.tenant);
    await one.redis.commands.hset(key, { events_per_second: 10 });
    const id = await one.createRun('talker');
    const talker = one.app.get(TalkerExecutor);
    await eventually('it has said what fits into a second', () => talker.said >= 5);
    expect(talker.said).toBeLessThan(COUNT);
    expect((await one.runs.get(one.tenant, id)).status).toBe('running');
    await one.redis.commands.hset(key, { events_per_second: 100_000 });
    const run = await one.ended(id);
    expect(run).toMatchObject({ status: 'completed', result: 'done' });
    const said = (await one.events(id)).filter((event) => typeOf(event) === 'log.stdout');
    expect(said.map(({ data }) => data['line'])).toEqual(Array.from({ length: COUNT }, (_, n) => String(n)));
  });

  it('T293 lets a run of an executor begin and end when nothing else may be written', async () => {
    await one.redis.commands.hset(LIMIT_KEYS.of(one.tenant), { events_per_second: 1 });
    const id = await one.createRun('silent');
    const { meter } = one.store.keys.partition(one.tenant, 0);
    const [seconds] = await one.redis.commands.time();
    await one.redis.commands.set(meter, `${Number(seconds) * 1000} 1000000.000 0.000`);
    one.app.get(SilentExecutor).goOn();
    expect(await one.ended(id)).toMatchObject({ status: 'completed' });
    expect((await one.events(id)).map(typeOf)).toEqual(['lifecycle.started', 'lifecycle.completed']);
  });
});
