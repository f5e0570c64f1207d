import {
  type Executor,
  type JsonObject,
  RunExecutor,
  type RunExecution,
  ValidationFailedError,
} from 'runstream';
import type { Deployment } from './deploy-events.js';

/** Plans a deployment, waits until somebody approves of it, and ships it. */
@RunExecutor('deploy')
export class DeployExecutor implements Executor {
  /** `POST /runs` answers 400 with this, before there is a run. So every run has a Deployment for its input. */
  validateInput({ service, changed_lines }: JsonObject): void {
    const details = [];
    if (typeof service !== 'string') details.push({ path: 'service', message: 'must be a string' });
    if (typeof changed_lines !== 'number') {
      details.push({ path: 'changed_lines', message: 'must be a number' });
    }
    if (details.length > 0) throw new ValidationFailedError(details);
  }

  async execute(run: RunExecution<Deployment>): Promise<JsonObject> {
    const { service, changed_lines } = run.input;
    await run.emit('deploy.planned', run.input);
    await run.emit('gate.requested', { question: `Ship ${service}?`, changed_lines });
    const answer = await run.waitFor('gate.approved,gate.rejected');
    const { by } = answer.data;
    if (answer.event.action === 'rejected') throw new Error(`Rejected by ${by}.`);
    await run.emit('deploy.shipped', { service });
    return { service, approved_by: by };
  }
}
