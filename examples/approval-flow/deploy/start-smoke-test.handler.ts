import { EventHandler, type Handler, type HandlerContext, type RecordedEvent } from 'runstream';

/** What was shipped is tested by whoever takes up runs with this label. */
@EventHandler({ group: 'smoke-tests', types: ['deploy.shipped'] })
export class StartSmokeTest implements Handler {
  handle(event: RecordedEvent<'deploy.shipped'>, context: HandlerContext): void {
    const { service } = event.data;
    context.startRun({ task: `smoke test of ${service}`, labels: { kind: 'smoke-test', of: event.run_id } });
  }
}
