import type { VNode } from 'preact';
export function Page(): VNode {
  return <h1>Dead letters</h1>;
}
