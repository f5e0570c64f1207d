import type { EventToAppend, RecordedEvent } from '../../src/events/index.js';
import type { ConsumerScene } from './consumer-scene.js';

/** An event for handlers to publish. */
export const warning = (message: string): EventToAppend<'system.warning'> => ({
  type: 'system.warning',
  data: { message },
});

/** What handlers published to a run, the scene's unless another is named. */
export async function published({ store, tenant, run: its }: ConsumerScene, run = its): Promise<string[]> {
  const { events } = await store.read(tenant, run);
  return events
    .filter(({ type }) => type === 'system.warning')
    .map(({ json }) => String((JSON.parse(json.toString()) as RecordedEvent).data['message']));
}
