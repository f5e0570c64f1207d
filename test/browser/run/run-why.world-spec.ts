import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { DashboardModule } from '../../../src/dashboard/index.js';
import { type Executor, RunExecutor, type RunExecution } from '../../../src/executors/index.js';
import { Client } from '../../conformance/client.js';
import { startApplication } from '../../support/application.js';
import { type Serving } from '../../support/service.js';
import { TestBed } from '../../support/test-bed.js';
import { RunScene } from './run-scene.js';
import { describeInBrowser } from '../visit.js';

const bed = new TestBed();
const scene = new RunScene();

let service: Serving;
let api: Client;

/** A gate: it waits until somebody decides. */
@RunExecutor('ship')
class ShipExecutor implements Executor {
  async execute(run: RunExecution): Promise<unknown> {
    await run.emit('gate.requested', { question: 'Ship the shop?' });
    const { event: answer, data } = await run.waitFor('gate.approved,gate.rejected');
    if (answer.action === 'rejected') throw new Error(`Rejected by ${String(data['by'])}.`);
    return data['by'];
  }
}

@Module({ imports: [DashboardModule.forRoot()], providers: [ShipExecutor] })
class ShipModule {}

describeInBrowser('why a run does not get on, on its page', () => {
  beforeAll(async () => {
    [service] = await Promise.all([bed.serveHere({ EVENT_MAX_LENGTH: '100' }), scene.open()]);
    api = bed.client(service);
  });
  afterEach(async () => {
    expect(scene.complaints).toEqual([]);
    await scene.leave();
  });
  afterAll(async () => {
    await scene.close();
    await bed.close();
  });

  it('says of a pending run that no live instance has its executor', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'runstream-run-page-'));
    bed.onClose(() => rm(folder, { recursive: true }));
    const commandsFile = join(folder, 'commands.json');
    await writeFile(commandsFile, JSON.stringify({ lint: { argv: ['true'] } }));
    const executors = { enabled: false, commandsFile };
    // Another service on the same Redis would execute it.
    const { url } = await bed.startRedis();
    const application = await startApplication({ redis: { url }, executors }, { imports: [ShipModule] });
    bed.onClose(() => application.close());
    const { id } = await bed
      .client(application)
      .createRun({ executor: 'command', input: { command: 'lint' } });
    const run = await scene.visit(application.url, `runs/${id}`, { laterMs: 60_000 });
    const why = run.page.getByRole('region', { name: 'Why it waits' });
    await run.says(/Pending for [^:]+: no live instance has the executor “command”/, why);
    await why.getByRole('button', { name: 'Cancel the run' }).click();
    await run.page.getByRole('dialog').getByRole('button', { name: 'Cancel the run' }).click();
    await run.says(/⊘ cancelled/);
    expect(await why.count()).toBe(0);
  });

  it('says that a run waits for an approval, and gives it', async () => {
    const application = await startApplication({}, { imports: [ShipModule] });
    bed.onClose(() => application.close());
    const client = bed.client(application);
    for (const [button, end] of [
      ['Approve', /✓ completed/],
      ['Reject', /✕ failed[^]*Rejected by Ada/],
    ] as const) {
      const { id } = await client.createRun({ executor: 'ship', task: `ship it: ${button}` });
      const run = await scene.visit(application.url, `runs/${id}`);
      const why = run.page.getByRole('region', { name: 'Why it waits' });
      await run.says(/Waits for gate\.approved or gate\.rejected[^]*Held by [^]*Ship the shop\?/, why);
      await why.getByRole('button', { name: button }).click();
      await run.page.getByLabel('Who decides').fill('Ada');
      await run.page.getByRole('dialog').getByRole('button', { name: button }).click();
      await run.says(end);
    }
  });

  it('says of a silent run who has it', async () => {
    const { id } = await api.createRun();
    const run = await scene.visit(service.url, `runs/${id}`, { laterMs: 45_000 });
    await run.says(/Silent for [^.]+\. Its producer is outside/);
  });

  it.each([3_600_000, -3_600_000])(
    'measures ages by the clock of the service: %i ms ahead',
    async (aheadMs) => {
      const { id } = await api.createRun();
      const run = await scene.visit(service.url, `runs/${id}`, { aheadMs });
      await run.says(/● live/);
      await run.says(/running\s*\d+ s/);
      expect(await run.page.getByRole('region', { name: 'Why it waits' }).count()).toBe(0);
      const later = await scene.visit(service.url, `runs/${id}`, { aheadMs, laterMs: 45_000 });
      await later.says(/Silent for (4\d|5\d) s\./);
    },
  );
});
