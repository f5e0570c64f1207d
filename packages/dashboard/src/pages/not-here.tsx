import type { VNode } from 'preact';

export function NotHere(): VNode {
  return (
    <section class="empty">
      <h1>There is no such page</h1>
      <p>
        <a href="#/">All runs</a>
      </p>
    </section>
  );
}
