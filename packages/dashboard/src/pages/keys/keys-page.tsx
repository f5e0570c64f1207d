import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { Confirm } from '../../parts/dialog.js';
import { Failure } from '../../parts/failure.js';
import { Needs } from '../../parts/needs.js';
import { Text, visible } from '../../parts/text.js';
import type { ApiKey } from '../../sentences/key-state.js';
import { client } from '../../service/client.js';
import { noteRefusal, session } from '../../service/session.js';
import { KeyTable } from './key-table.js';
import { MakeKey } from './make-key.js';

const PAGE = 100;

/** The API keys of a tenant. */
export function Page(): VNode {
  if (session.value?.auth_mode !== 'api-key') {
    return (
      <section class="empty">
        <h1>Keys</h1>
        <p>
          This service asks for no API keys: they are there with <code>AUTH_MODE=api-key</code>.
        </p>
      </section>
    );
  }
  return (
    <Needs scope="keys:admin" title="Keys">
      <Keys />
    </Needs>
  );
}

function Keys(): VNode {
  const keys = useSignal<readonly ApiKey[] | undefined>(undefined);
  const cursor = useSignal<string | null>(null);
  const trouble = useSignal<unknown>(undefined);
  const said = useSignal('');
  const makes = useSignal(false);
  const revokes = useSignal<ApiKey | undefined>(undefined);
  const load = async (after?: string): Promise<void> => {
    try {
      const page = await client.keys.list({ limit: PAGE, ...(after !== undefined && { cursor: after }) });
      keys.value = [...(after === undefined ? [] : (keys.value ?? [])), ...page.keys];
      cursor.value = page.next_cursor;
      trouble.value = undefined;
    } catch (error) {
      trouble.value = error;
      noteRefusal(error);
    }
  };
  useEffect(() => void load(), []);
  const next = cursor.value;
  const revoked = revokes.value;
  return (
    <section class="keys">
      <h1>
        Keys{' '}
        <small class="soft">
          of tenant <Text value={session.value?.tenant_id ?? ''} />
        </small>
      </h1>
      <div class="actions">
        <button type="button" class="main" onClick={() => (makes.value = true)}>
          Make a key…
        </button>
        <span role="status">{said.value}</span>
      </div>
      <Failure error={trouble.value} what="Keys" />
      {keys.value && <KeyTable keys={keys.value} onRevoke={(key) => (revokes.value = key)} />}
      {next !== null && (
        <p>
          <button type="button" onClick={() => void load(next)}>
            Show older ones
          </button>
        </p>
      )}
      {makes.value && (
        <MakeKey
          onMade={() => {
            said.value = '';
            void load();
          }}
          onClose={() => (makes.value = false)}
        />
      )}
      {revoked && (
        <Confirm
          title={`Revoke ${revoked.name}`}
          action="Revoke"
          isDangerous
          onClose={() => (revokes.value = undefined)}
          onConfirm={async () => {
            await client.keys.revoke(revoked.id);
            said.value = `Revoked ${visible(revoked.name)}.`;
            await load();
          }}
        >
          <p>
            It is refused from now on, and streams that it opened end within 5 seconds. Keys that it made
            stay. If it is the one that you are signed in with, you are signed out.
          </p>
        </Confirm>
      )}
    </section>
  );
}
