import { isReplyError } from './redis-error.js';

/** A row of a stream, as Redis gives it: its id, then field, value, field, value. */
export type StreamRow = [id: string, fields: string[]];

/** A reply, to a command or from a script, that a group is not there (any more): after a flush, or a lost failover. */
export function isNoGroup(error: unknown): error is Error {
  return isReplyError(error) && /NOGROUP|^ERR no such key/.test(error.message);
}
