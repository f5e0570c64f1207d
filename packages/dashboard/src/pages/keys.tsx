import type { VNode } from 'preact';

export function KeysPage(): VNode {
  return <h1>Keys</h1>;
}
