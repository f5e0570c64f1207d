import type { EventContext, EventSource, JsonObject, RecordedEvent } from './envelope.js';

/**
 * An event in the form of CloudEvents 1.0 (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md).
 *
 * @publicApi
 */
export interface CloudEvent {
  specversion: '1.0';
  /** The event's. Together with `source` it is unique. */
  id: string;
  /** The run: `/runs/r0_…`. */
  source: string;
  /** `<category>.<action>`. */
  type: string;
  time: string;
  datacontenttype: 'application/json';
  data: JsonObject;
  /** The event's, with leading zeros, so that texts are in its order. */
  sequence: string;
  tenantid: string;
  /** What is text in the event's source and context, and its idempotency key: `agentid`, `sessionid`, `gitsha`, … */
  [extension: string]: unknown;
}

type TextMember = keyof EventSource | Exclude<keyof EventContext, 'artifact_paths'>;

/** Names of extensions are lower case letters and digits. */
const EXTENSIONS: Readonly<Record<TextMember, string>> = {
  agent_id: 'agentid',
  agent_type: 'agenttype',
  agent_name: 'agentname',
  team_name: 'teamname',
  session_id: 'sessionid',
  epic_id: 'epicid',
  task_id: 'taskid',
  git_sha: 'gitsha',
  mode: 'mode',
  // https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/distributed-tracing.md
  traceparent: 'traceparent',
  tracestate: 'tracestate',
};
/** As many as a number of ours may have. */
const SEQUENCE_DIGITS = 16;

/**
 * An event as others' systems take it. `metadata` and `context.artifact_paths` are left out: an extension is a text, a
 * number or a boolean.
 *
 * @publicApi
 */
export function toCloudEvent(event: RecordedEvent): CloudEvent {
  const cloudEvent: CloudEvent = {
    specversion: '1.0',
    id: event.id,
    source: `/runs/${event.run_id}`,
    type: `${event.event.category}.${event.event.action}`,
    time: event.timestamp,
    datacontenttype: 'application/json',
    data: event.data,
    sequence: String(event.sequence).padStart(SEQUENCE_DIGITS, '0'),
    tenantid: event.tenant_id,
  };
  const texts: Partial<Record<TextMember, string>> = { ...event.source, ...event.context };
  for (const [member, extension] of Object.entries(EXTENSIONS)) {
    const text = texts[member as TextMember];
    if (text !== undefined) cloudEvent[extension] = text;
  }
  if (event.idempotency_key !== undefined) cloudEvent['idempotencykey'] = event.idempotency_key;
  return cloudEvent;
}
