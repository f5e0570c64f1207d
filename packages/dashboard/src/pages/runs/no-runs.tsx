import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { CopyButton } from '../../parts/copy-button.js';
import { firstRun } from '../../parts/curl.js';
import { go } from '../../service/router.js';
import { may, noteRefusal } from '../../service/session.js';
import { Failure } from '../../parts/failure.js';
import { playDemo } from './demo-run.js';

/** Nothing is there yet: how to begin, for this address and this sign-in. */
export function NoRuns(): VNode {
  const trouble = useSignal<unknown>(undefined);
  const isStarting = useSignal(false);
  const play = (): void => {
    if (isStarting.value) return;
    trouble.value = undefined;
    isStarting.value = true;
    playDemo()
      .then((id) => go(['runs', id]))
      .catch((error: unknown) => {
        noteRefusal(error);
        trouble.value = error;
      })
      .finally(() => (isStarting.value = false));
  };
  const lines = firstRun();
  return (
    <div class="empty">
      <h2>There are no runs yet</h2>
      {may('runs:write') ? (
        <>
          <p>
            Start one from a terminal: the first line creates a run, the second appends to it, the third ends
            it.
          </p>
          <div class="code">
            <pre tabIndex={0} aria-label="Three lines to paste">
              {lines}
            </pre>
            <CopyButton text={lines} />
          </div>
          <p>
            <button type="button" class="main" aria-disabled={isStarting.value} onClick={play}>
              Play a demo run
            </button>
          </p>
        </>
      ) : (
        <p>You may read runs, and not start them.</p>
      )}
      <Failure error={trouble.value} />
    </div>
  );
}
