import type { EncodedEvent } from '../../event-store/index.js';
import { type RecordedEvent, toCloudEvent, toLine } from '../../events/index.js';

/** An event of the log as a CloudEvent, on one line. */
export function cloudEventJson({ json }: EncodedEvent): string {
  return toLine(JSON.stringify(toCloudEvent(JSON.parse(String(json)) as RecordedEvent)));
}
