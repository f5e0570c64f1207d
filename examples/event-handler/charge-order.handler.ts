import {
  EventHandler,
  type Handler,
  type HandlerContext,
  HandlerResult,
  type RecordedEvent,
} from 'runstream';
import { PaymentsService } from './payments.service.js';

/** Charges each order. What it throws is tried again, after 100 ms, 200 ms and so on; after five tries it is given up. */
@EventHandler({
  group: 'payments',
  types: ['order.placed'],
  maxAttempts: 5,
  backoff: { initialMs: 100 },
  timeoutMs: 10_000,
})
export class ChargeOrder implements Handler<'order.placed'> {
  constructor(private readonly payments: PaymentsService) {}

  async handle(event: RecordedEvent<'order.placed'>, context: HandlerContext): Promise<HandlerResult> {
    const { cents } = event.data;
    // No other try would help: a dead letter at once, for a person to look at.
    if (cents <= 0) return HandlerResult.fail(`An order of ${cents} cents can't be charged.`);
    // The same key at each try, also when this process dies in between: whoever is called can tell that it is the same.
    const receipt = await this.payments.charge(cents, context.idempotencyKey, context.signal);
    // Written in the same step as the acknowledgement: whatever crashes when, it happens once.
    context.publish(event.run_id, { type: 'order.charged', data: { receipt, tries: context.attempt } });
    context.startRun({ task: `mail receipt ${receipt}`, labels: { kind: 'mail', order: event.run_id } });
    return HandlerResult.success();
  }
}
