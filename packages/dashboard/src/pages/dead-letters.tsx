import type { VNode } from 'preact';

export function DeadLettersPage(): VNode {
  return <h1>Dead letters</h1>;
}
