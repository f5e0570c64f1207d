import { EventHandler, type Handler, type HandlerContext, type RecordedEvent } from 'runstream';

const SMALL = 20;

/** Nobody need look at a small change. A large one waits for a person: `POST /runs/{run_id}/events`. */
@EventHandler({ group: 'approvals', types: ['gate.requested'] })
export class ApproveSmallChanges implements Handler {
  handle(event: RecordedEvent<'gate.requested'>, context: HandlerContext): void {
    if (event.data.changed_lines > SMALL) return;
    // Written in the same step as the acknowledgement: whatever crashes when, there is one approval.
    context.publish(event.run_id, { type: 'gate.approved', data: { by: 'policy' } });
  }
}
