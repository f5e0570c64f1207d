import { RunstreamClientError } from '@runstream/client';
import type { VNode } from 'preact';
import { Text } from './text.js';

/** What went wrong, beside what was asked for. Nothing while there is nothing. */
export function Failure({ error, what }: { error: unknown; what?: string }): VNode {
  return (
    <div role="alert" class="failure-place">
      {error != null && (
        <p class="failure">
          <span aria-hidden="true">✕ </span>
          {what !== undefined && `${what}: `}
          <Text value={messageOf(error)} />
          <Origin error={error} />
        </p>
      )}
    </div>
  );
}

/** For people; what the service found wrong with each member, too. */
export function messageOf(error: unknown): string {
  if (typeof error === 'string') return error;
  if (!(error instanceof Error)) return JSON.stringify(error);
  if (!(error instanceof RunstreamClientError)) return error.message;
  const { message, details } = error;
  if (!Array.isArray(details)) return message;
  const parts = (details as unknown[]).flatMap((detail) => {
    const { path, message: part } = Object(detail) as { path?: unknown; message?: unknown };
    return typeof part === 'string' ? [typeof path === 'string' ? `${path} ${part}` : part] : [];
  });
  const more = parts.filter((part) => !message.includes(part));
  return more.length > 0 ? `${message} (${more.join('; ')})` : message;
}

/** Under which the service has it in its log. */
function Origin({ error }: { error: unknown }): VNode | null {
  if (!(error instanceof RunstreamClientError)) return null;
  const { code, requestId } = error;
  return (
    <small class="soft">
      {' '}
      {code}
      {requestId !== undefined && (
        <>
          , request <Text value={requestId} />
        </>
      )}
    </small>
  );
}
