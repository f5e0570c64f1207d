import type { ComponentChildren, VNode } from 'preact';
import { may, type Scope } from '../service/session.js';

/** A page for those who may see it; others are told what they lack. */
export function Needs(props: { scope: Scope; title: string; children: ComponentChildren }): VNode {
  const { scope, title, children } = props;
  if (may(scope)) return <>{children}</>;
  return (
    <section class="empty">
      <h1>{title}</h1>
      <p>
        Your credential lacks the scope <code>{scope}</code>, which this page needs.
      </p>
    </section>
  );
}
