import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { Dialog } from '../parts/dialog.js';
import { Text } from '../parts/text.js';
import { Failure } from '../parts/failure.js';
import { go } from '../service/router.js';
import { proof, session, signIn } from '../service/session.js';

/** Whose runs these are, and a way to another tenant where no credential fixes it. */
export function Tenant(): VNode | null {
  const isOpen = useSignal(false);
  const id = session.value?.tenant_id;
  if (id == null) return null;
  if (proof.value !== 'tenant')
    return (
      <span class="tenant">
        <span class="soft">tenant</span> <Text value={id} />
      </span>
    );
  return (
    <>
      <button type="button" class="tenant" aria-haspopup="dialog" onClick={() => (isOpen.value = true)}>
        <span class="soft">tenant</span> <Text value={id} /> <span aria-hidden="true">▾</span>
      </button>
      {isOpen.value && <OtherTenant onClose={() => (isOpen.value = false)} />}
    </>
  );
}

function OtherTenant({ onClose }: { onClose: () => void }): VNode {
  const given = useSignal('');
  const trouble = useSignal<unknown>(undefined);
  const submit = (event: Event): void => {
    event.preventDefault();
    trouble.value = undefined;
    signIn(given.value.trim()).then(
      () => {
        onClose();
        // A run of one tenant is none of another's.
        go([]);
      },
      (error: unknown) => (trouble.value = error),
    );
  };
  return (
    <Dialog title="Another tenant" class="narrow" onClose={onClose}>
      <form onSubmit={submit}>
        <label>
          Tenant
          <input
            autofocus
            required
            autocomplete="off"
            spellcheck={false}
            value={given.value}
            onInput={(event) => (given.value = event.currentTarget.value)}
          />
        </label>
        <Failure error={trouble.value} />
        <div class="foot">
          <button type="button" onClick={onClose}>
            Never mind
          </button>
          <button class="main">Show its runs</button>
        </div>
      </form>
    </Dialog>
  );
}
