export const JSON_MEDIA_TYPE = 'application/json';
/** It is always UTF-8, which clients that are no browser may not know. */
export const EVENT_STREAM_MEDIA_TYPE = 'text/event-stream; charset=utf-8';
export const NDJSON_MEDIA_TYPE = 'application/x-ndjson';
