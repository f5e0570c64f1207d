import type { VNode } from 'preact';
export function Page(): VNode {
  return <h1>Keys</h1>;
}
