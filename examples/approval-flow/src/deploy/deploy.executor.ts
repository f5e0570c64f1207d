import {
  type Executor,
  type JsonObject,
  RunExecutor,
  type RunExecution,
  ValidationFailedError,
} from 'runstream';

/** Plans a deployment, waits until somebody approves of it, and ships it. */
@RunExecutor('deploy')
export class DeployExecutor implements Executor {
  /** `POST /runs` answers 400 with this, before there is a run. */
  validateInput({ service, changed_lines }: JsonObject): void {
    const details = [];
    if (typeof service !== 'string') details.push({ path: 'service', message: 'must be a string' });
    if (typeof changed_lines !== 'number') {
      details.push({ path: 'changed_lines', message: 'must be a number' });
    }
    if (details.length > 0) throw new ValidationFailedError(details);
  }

  async execute(run: RunExecution): Promise<JsonObject> {
    const { service, changed_lines } = run.input;
    await run.emit('deploy.planned', { service, changed_lines });
    await run.emit('gate.requested', { question: `Ship ${String(service)}?`, changed_lines });
    const answer = await run.waitFor('gate.approved,gate.rejected');
    const by = String(answer.data['by']);
    if (answer.event.action === 'rejected') throw new Error(`Rejected by ${by}.`);
    await run.emit('deploy.shipped', { service });
    return { service, approved_by: by };
  }
}
