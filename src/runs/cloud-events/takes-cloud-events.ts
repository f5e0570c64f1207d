import type { Request } from 'express';

/** https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md */
export const CLOUD_EVENT_MEDIA_TYPE = 'application/cloudevents+json';
export const CLOUD_EVENTS_MEDIA_TYPE = 'application/cloudevents-batch+json';

/** Whether the client asks for events as CloudEvents: one of their media types stands in `Accept`. */
export function takesCloudEvents(request: Request): boolean {
  request.res?.vary('Accept');
  const { accept = '' } = request.headers;
  if (!accept.toLowerCase().includes('application/cloudevents')) return false;
  return request.accepts(CLOUD_EVENT_MEDIA_TYPE, CLOUD_EVENTS_MEDIA_TYPE) !== false;
}
