import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { EventToAppend } from 'runstream';
import { type ConsumerTestbed, createConsumerTestbed } from 'runstream/testing';
import { DeployModule } from './deploy.module.js';

const requested = (changed_lines: number): EventToAppend => ({
  type: 'gate.requested',
  data: { question: 'Ship it?', changed_lines },
});

describe('The handlers of deployments', () => {
  let testbed: ConsumerTestbed;
  before(async () => {
    testbed = await createConsumerTestbed({ imports: [DeployModule], redisUrl: process.env['REDIS_URL'] });
  });
  after(() => testbed.close());

  const actionsOf = async (run: string): Promise<string[]> =>
    (await testbed.events(run)).map(({ event }) => `${event.category}.${event.action}`);

  it('approve of a small change, once', async () => {
    const run = await testbed.createRun();
    await testbed.publish(run, requested(3));
    await testbed.settled();
    assert.deepEqual(await actionsOf(run), ['lifecycle.started', 'gate.requested', 'gate.approved']);
  });

  it('leave a large one to a person', async () => {
    const run = await testbed.createRun();
    await testbed.publish(run, requested(300));
    await testbed.settled();
    assert.deepEqual(await actionsOf(run), ['lifecycle.started', 'gate.requested']);
  });

  it('have what was shipped tested', async () => {
    const run = await testbed.createRun();
    await testbed.publish(run, { type: 'deploy.shipped', data: { service: 'shop' } });
    await testbed.settled();
    const [newest] = await testbed.runs();
    assert.equal(newest?.task, 'smoke test of shop');
    assert.deepEqual(newest?.labels, { kind: 'smoke-test', of: run });
  });
});
