import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createExecutorTestbed, createRunExecution, type ExecutorTestbed } from 'runstream/testing';
import { DeployExecutor } from './deploy.executor.js';
import { DeployModule } from './deploy.module.js';

const input = { service: 'shop', changed_lines: 300 };

describe('A deployment', () => {
  let testbed: ExecutorTestbed;
  before(async () => {
    testbed = await createExecutorTestbed({ imports: [DeployModule], redisUrl: process.env['REDIS_URL'] });
  });
  after(() => testbed.close());

  it('ships what somebody approves of', async () => {
    const run = await testbed.start({ executor: 'deploy', input });
    const asked = await testbed.reached(run, 'gate.requested');
    assert.equal(asked.data.question, 'Ship shop?');
    await testbed.publish(run, { type: 'gate.approved', data: { by: 'Ada' } });
    const { status, result } = await testbed.outcome(run);
    assert.equal(status, 'completed');
    assert.deepEqual(result, { service: 'shop', approved_by: 'Ada' });
  });

  it('ends when it is cancelled', async () => {
    const run = await testbed.start({ executor: 'deploy', input });
    await testbed.reached(run, 'gate.requested');
    await testbed.cancel(run);
    assert.equal((await testbed.outcome(run)).status, 'cancelled');
  });

  it('ships nothing that was rejected (without Redis)', async () => {
    const run = createRunExecution({ input });
    run.receive({ type: 'gate.rejected', data: { by: 'Ada' } });
    await assert.rejects(new DeployExecutor().execute(run), /Rejected by Ada/);
    assert.deepEqual(
      run.emitted.map(({ type }) => type),
      ['deploy.planned', 'gate.requested'],
    );
  });
});
