import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { Text } from '../parts/text.js';
import { SERVICE_URL } from '../service/client.js';
import { href, place } from '../service/router.js';
import { isSignedIn, may, proof, session, signOut } from '../service/session.js';

const PLACES = [
  { name: 'Runs', parts: [], scope: 'runs:read' },
  { name: 'Groups', parts: ['groups'], scope: 'consumers:admin' },
  { name: 'Dead letters', parts: ['dead-letters'], scope: 'consumers:admin' },
  { name: 'Keys', parts: ['keys'], scope: 'keys:admin' },
] as const;

export function Header(): VNode {
  const here = place.value.parts[0] === 'runs' ? undefined : place.value.parts[0];
  const trouble = useSignal('');
  const leave = (): void => {
    trouble.value = '';
    signOut().catch((error: unknown) => (trouble.value = String(error)));
  };
  return (
    <header class="frame">
      <a class="name" href="#/">
        Runstream
      </a>
      <nav aria-label="Pages">
        {PLACES.filter(
          ({ scope, name }) => may(scope) && (name !== 'Keys' || session.value?.auth_mode === 'api-key'),
        ).map(({ name, parts }) => (
          <a key={name} href={href(parts)} aria-current={here === parts[0] ? 'page' : undefined}>
            {name}
          </a>
        ))}
        <a href={`${SERVICE_URL}docs`}>API</a>
      </nav>
      <span class="space" role="status">
        {trouble.value}
      </span>
      {isSignedIn.value && session.value?.tenant_id != null && (
        <span class="tenant">
          tenant <Text value={session.value.tenant_id} />
        </span>
      )}
      {isSignedIn.value && proof.value !== undefined && (
        <button type="button" onClick={leave}>
          Sign out
        </button>
      )}
    </header>
  );
}
