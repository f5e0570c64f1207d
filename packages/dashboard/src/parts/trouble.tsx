import { RunstreamClientError } from '@runstream/client';
import type { VNode } from 'preact';
import { Text } from './text.js';

/** What was refused, beside what was asked: in the service's words, and where its log has more. Undefined: nothing. */
export function Trouble({ error }: { error: unknown }): VNode {
  const request = error instanceof RunstreamClientError ? error.requestId : undefined;
  return (
    <p class="trouble" role="alert">
      {error !== undefined && <Text value={error instanceof Error ? error.message : JSON.stringify(error)} />}
      {request !== undefined && <span class="soft"> Request {request}</span>}
    </p>
  );
}
