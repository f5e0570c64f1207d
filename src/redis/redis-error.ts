import { RedisUnavailableError, RunstreamError } from '../common/index.js';

/** Replies of a server that is there but cannot serve at the moment. */
const UNAVAILABLE =
  /^(LOADING|READONLY|OOM|MISCONF|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|NOREPLICAS|BUSY|NOAUTH|WRONGPASS|NOPERM|UNBLOCKED)\b/;

/** A reply that means a defect in our own commands or data; everything else ioredis throws means no answer. */
export function isRedisUnavailable(error: unknown): boolean {
  if (error instanceof RedisUnavailableError) return true;
  if (error instanceof RunstreamError) return false;
  if (isReplyError(error)) return UNAVAILABLE.test(error.message);
  return isConnectionError(error);
}

/**
 * Awaits commands, and turns "no answer" and "cannot serve" into RedisUnavailableError, so that an outage never
 * looks like an empty or missing key.
 */
export async function redisCall<T>(commands: Promise<T>): Promise<T> {
  try {
    return await commands;
  } catch (error) {
    throw isRedisUnavailable(error) && !(error instanceof RunstreamError)
      ? new RedisUnavailableError(error)
      : error;
  }
}

/** An error that the server itself replied with. */
export function isReplyError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}

function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'MaxRetriesPerRequestError' || error.name === 'AbortError') return true;
  if (typeof (error as NodeJS.ErrnoException).syscall === 'string') return true;
  return /^(Connection is closed|Command timed out|Stream isn't writeable|Socket timeout|connect ETIMEDOUT)/.test(
    error.message,
  );
}
