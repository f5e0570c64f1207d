import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createExecutorTestbed, createRunExecution, type ExecutorTestbed } from 'runstream/testing';
import { RenderExecutor } from './render.executor.js';
import { RenderModule } from './render.module.js';

describe('The executor render', () => {
  let testbed: ExecutorTestbed;
  before(async () => {
    testbed = await createExecutorTestbed({ imports: [RenderModule], redisUrl: process.env.REDIS_URL });
  });
  after(() => testbed.close());

  it('renders each frame', async () => {
    const { status, result } = await testbed.execute({ executor: 'render', input: { frames: 2 } });
    assert.deepEqual([status, result], ['completed', { rendered: 2 }]);
  });

  it('begins anew when its process has died', async () => {
    const run = await testbed.start({ executor: 'render', input: { frames: 20 } });
    await testbed.reached(run, 'render.frame');
    await testbed.restart();
    const { status, attempt } = await testbed.outcome(run);
    assert.deepEqual([status, attempt], ['completed', 2]);
  });

  it('stops when it is cancelled (without Redis)', async () => {
    const run = createRunExecution({ input: { frames: 1000 } });
    const work = new RenderExecutor().execute(run);
    run.abort();
    await assert.rejects(work, { name: 'AbortError' });
    assert.equal(run.emitted.length, 1);
  });
});
