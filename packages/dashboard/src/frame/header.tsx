import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { count } from '../parts/format.js';
import { lazy } from '../parts/lazy.js';
import { Failure } from '../parts/failure.js';
import { SERVICE_URL } from '../service/client.js';
import { go, href, place } from '../service/router.js';
import { isSignedIn, may, proof, session, signOut } from '../service/session.js';
import { pageState } from '../store/page-state.js';
import { attention } from '../store/vitals.js';
import { EVERYWHERE, useKeys } from '../parts/keys.js';
import { Tenant } from './tenant.js';
import { nextTheme, type Theme, theme } from '../store/theme.js';

const KeyHelp = lazy(() => import('./key-help.js'));

const PLACES = [
  { name: 'Runs', parts: [], scope: 'runs:read', keys: 'g r' },
  { name: 'Groups', parts: ['groups'], scope: 'consumers:admin', keys: 'g g' },
  { name: 'Dead letters', parts: ['dead-letters'], scope: 'consumers:admin', keys: 'g d' },
  { name: 'Keys', parts: ['keys'], scope: 'keys:admin', keys: 'g k' },
] as const;

const THEME_SIGNS: Readonly<Record<Theme, string>> = { auto: '◐', light: '☀', dark: '☾' };

/** Where one may go, whose runs these are, and how what is shown comes. */
export function Header(): VNode {
  const trouble = useSignal<unknown>(undefined);
  const isHelpOpen = useSignal(false);
  const here = place.value.parts[0] === 'runs' ? undefined : place.value.parts[0];
  const places = PLACES.filter(
    ({ scope, name }) => may(scope) && (name !== 'Keys' || session.value?.auth_mode === 'api-key'),
  );
  const help = (): void => void (isHelpOpen.value = true);
  useKeys(EVERYWHERE, [
    { keys: '?', does: 'Show these keys', run: help },
    ...places.map(({ name, parts, keys }) => ({ keys, does: `Go to ${name}`, run: () => go(parts) })),
  ]);
  const leave = (): void => {
    trouble.value = undefined;
    signOut().then(
      () => go([]),
      (error: unknown) => (trouble.value = error),
    );
  };
  return (
    <header class="frame">
      <a class="name" href="#/">
        Runstream
      </a>
      <nav aria-label="Pages">
        {places.map(({ name, parts, keys }) => (
          <a
            key={name}
            href={href(parts)}
            aria-current={here === parts[0] ? 'page' : undefined}
            aria-keyshortcuts={keys}
          >
            {name} <Mark name={name} />
          </a>
        ))}
        <a href={`${SERVICE_URL}docs`}>API</a>
      </nav>
      <span class="space" />
      <Tenant />
      {isSignedIn.value && (
        <span class="state" role="status">
          {pageState.value && (
            <>
              <span aria-hidden="true">{pageState.value.sign}</span> {pageState.value.text}
            </>
          )}
        </span>
      )}
      <span class="tools">
        <button
          type="button"
          class="plain"
          aria-label="Keyboard"
          aria-keyshortcuts="?"
          title="Keyboard (?)"
          onClick={help}
        >
          ?
        </button>
        <button
          type="button"
          class="plain"
          aria-label={`Theme: ${theme.value}`}
          title={`Theme: ${theme.value}`}
          onClick={nextTheme}
        >
          <span aria-hidden="true">{THEME_SIGNS[theme.value]}</span>
        </button>
        {isSignedIn.value && proof.value !== undefined && (
          <button type="button" onClick={leave}>
            Sign out
          </button>
        )}
      </span>
      {trouble.value !== undefined && <Failure error={trouble.value} />}
      {isHelpOpen.value && <KeyHelp onClose={() => (isHelpOpen.value = false)} />}
    </header>
  );
}

/** How many a person should look at. */
function Mark({ name }: { name: string }): VNode | null {
  const { groups, deadLetters } = attention.value;
  if (name === 'Groups' && groups > 0)
    return (
      <span class="badge bad">
        {count(groups)}!<span class="unseen"> need somebody</span>
      </span>
    );
  if (name === 'Dead letters' && deadLetters > 0) return <span class="badge">{count(deadLetters)}</span>;
  return null;
}
