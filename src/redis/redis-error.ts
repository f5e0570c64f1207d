import { RedisUnavailableError, RunstreamError } from '../common/index.js';

/** Replies of a server that is there but cannot serve at the moment: MOVED and ASK, that another one does. */
const UNAVAILABLE =
  /^(LOADING|READONLY|OOM|MISCONF|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|MOVED|ASK|NOREPLICAS|BUSY|NOAUTH|WRONGPASS|NOPERM|UNBLOCKED)\b/;

/** What ioredis says itself when there is no connection, no node of a cluster, or no Sentinel to ask. */
const NO_CONNECTION =
  /^(Connection is closed|Command timed out|Stream isn't writeable|Socket timeout|connect ETIMEDOUT|Cluster isn't ready|Cluster is (ended|disconnected|disconnecting)|Too many Cluster redirections|Failed to refresh slots cache|None of startup nodes|No (sharded )?subscriber for|All sentinels are unreachable|Ended|Role is invalid)/;

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
  return NO_CONNECTION.test(error.message);
}
