import { useSignalEffect } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { lazy } from '../parts/lazy.js';
import { NotHere } from '../pages/not-here.js';
import { Page as RunsPage } from '../pages/runs/runs-page.js';
import { SignIn } from '../pages/sign-in.js';
import { outage } from '../service/client.js';
import { place } from '../service/router.js';
import { isSignedIn, session } from '../service/session.js';
import { pageTitle } from '../store/page-state.js';
import { lookAhead } from '../store/run/first-look.js';
import { title, watchVitals } from '../store/vitals.js';
import { Header } from './header.js';
import { OutageBar } from './outage-bar.js';

// Nobody loads what they don't look at, but for the page that most see first.
const RunPage = lazy(() => import('../pages/run/run-page.js'));
const GroupsPage = lazy(() => import('../pages/groups/groups-page.js'));
const DeadLettersPage = lazy(() => import('../pages/dead-letters/dead-letters-page.js'));
const KeysPage = lazy(() => import('../pages/keys/keys-page.js'));

// Who is there takes a while to say; by then the page has come, and what it shows first.
if (pageName() === 'run') {
  RunPage.preload();
  lookAhead(place.value.parts[1] ?? '');
}

/** The frame around every page, and which page it is. */
export function App(): VNode {
  useSignalEffect(() => {
    const about = pageTitle.value ?? title.value;
    document.title = outage.value ? `▲ away · ${about}` : about;
  });
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to content
      </a>
      <Header />
      <OutageBar />
      {/* Styles of a page hold on it alone. */}
      <main id="main" tabIndex={-1} class={`on-${pageName()}`}>
        {session.value && (isSignedIn.value ? <Inside key={session.value.tenant_id} /> : <SignIn />)}
      </main>
    </>
  );
}

function pageName(): string {
  const [name, id] = place.value.parts;
  if (name === undefined) return 'runs';
  return name === 'runs' && id !== undefined ? 'run' : name;
}

/** Not by the address: what stands after `#` there is the place. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

/** What somebody sees who is signed in. With another tenant all of it begins anew. */
function Inside(): VNode {
  useEffect(() => {
    const closing = new AbortController();
    void watchVitals(closing.signal).catch(() => undefined);
    return () => closing.abort();
  }, []);
  const [name, id] = place.value.parts;
  if (name === undefined) return <RunsPage />;
  if (name === 'runs' && id !== undefined) return <RunPage key={id} id={id} />;
  if (name === 'groups') return <GroupsPage group={id} />;
  if (name === 'dead-letters') return <DeadLettersPage />;
  if (name === 'keys') return <KeysPage />;
  return <NotHere />;
}
