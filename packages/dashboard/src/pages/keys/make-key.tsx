import { serviceNow } from '../../service/clock.js';
import type { AnswerOf } from '@runstream/client';
import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { CopyButton } from '../../parts/copy-button.js';
import { Dialog } from '../../parts/dialog.js';
import { duration } from '../../parts/format.js';
import { Failure } from '../../parts/failure.js';
import { Text } from '../../parts/text.js';
import { client } from '../../service/client.js';
import { type Scope, session } from '../../service/session.js';

const DAY_S = 86_400;
const LIVES: readonly { label: string; seconds: number }[] = [
  { label: 'an hour', seconds: 3600 },
  { label: 'a day', seconds: DAY_S },
  { label: '30 days', seconds: 30 * DAY_S },
  { label: '90 days', seconds: 90 * DAY_S },
  { label: 'a year', seconds: 365 * DAY_S },
];
/** Those that a key can give; `tenants:admin` comes from the command line only. */
type Given = Exclude<Scope, 'tenants:admin'>;
const MEANS: Readonly<Record<Given, string>> = {
  'runs:read': 'see runs and their events',
  'runs:write': 'start, append to, cancel and delete runs',
  'runs:execute': 'claim and execute runs, as a worker',
  'events:handle': 'be given events and settle them, as a worker',
  'consumers:admin': 'see and steer groups and dead letters',
  'keys:admin': 'make and revoke keys',
};

function isGiven(scope: Scope): scope is Given {
  return scope !== 'tenants:admin';
}

export interface MakeKeyProps {
  onMade: () => void;
  onClose: () => void;
}

/** Makes a key, and shows it this once. */
export function MakeKey({ onMade, onClose }: MakeKeyProps): VNode {
  const made = useSignal<AnswerOf<'createKey'> | undefined>(undefined);
  return (
    <Dialog title={made.value ? 'The key' : 'Make a key'} onClose={onClose}>
      {made.value ? (
        <Made made={made.value} onClose={onClose} />
      ) : (
        <Form
          onClose={onClose}
          onMade={(key) => {
            made.value = key;
            onMade();
          }}
        />
      )}
    </Dialog>
  );
}

function Form({
  onMade,
  onClose,
}: {
  onMade: (key: AnswerOf<'createKey'>) => void;
  onClose: () => void;
}): VNode {
  const name = useSignal('');
  const scopes = useSignal<readonly Scope[]>(['runs:read']);
  const life = useSignal(0);
  const endsAt = session.value?.expires_at;
  const leftMs = endsAt == null ? Infinity : Date.parse(endsAt) - serviceNow();
  const lives = LIVES.filter(({ seconds }) => seconds * 1000 < leftMs);
  const trouble = useSignal<unknown>(undefined);
  const isBusy = useSignal(false);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (isBusy.value) return;
    [isBusy.value, trouble.value] = [true, undefined];
    const seconds = life.value === 0 ? undefined : life.value;
    client.keys
      .create({
        name: name.value.trim(),
        scopes: [...scopes.value],
        ...(seconds !== undefined && { ttl_seconds: seconds }),
      })
      .then(onMade, (error: unknown) => (trouble.value = error))
      .finally(() => (isBusy.value = false));
  };
  const turn = (scope: Scope): void => {
    const others = scopes.value.filter((one) => one !== scope);
    scopes.value = others.length === scopes.value.length ? [...others, scope] : others;
  };
  return (
    <form onSubmit={submit}>
      <label>
        Name: whose it is, or what for
        <input
          type="text"
          autocomplete="off"
          maxLength={255}
          required
          value={name.value}
          onInput={(event) => (name.value = event.currentTarget.value)}
        />
      </label>
      <fieldset>
        <legend>Scopes: no more than yours</legend>
        {(session.value?.scopes ?? []).filter(isGiven).map((scope) => (
          <label key={scope} class="choice">
            <input type="checkbox" checked={scopes.value.includes(scope)} onChange={() => turn(scope)} />
            <span>
              <code>{scope}</code> <small class="soft">{MEANS[scope]}</small>
            </span>
          </label>
        ))}
      </fieldset>
      <label>
        Good for
        <select value={life.value} onChange={(event) => (life.value = Number(event.currentTarget.value))}>
          <option value={0}>
            {endsAt == null ? 'ever' : `as long as you are signed in (${duration(leftMs)})`}
          </option>
          {lives.map(({ label, seconds }) => (
            <option key={label} value={seconds}>
              {label}
            </option>
          ))}
        </select>
      </label>
      {endsAt != null && (
        <p class="soft">
          A key lives no longer than the credential that makes it. One for longer is made where the service
          runs: <code>npm run keys -- create --name … --scopes …</code>
        </p>
      )}
      <Failure error={trouble.value} />
      <div class="buttons">
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        <button
          class="main"
          disabled={name.value.trim() === '' || scopes.value.length === 0}
          aria-disabled={isBusy.value}
        >
          Make it
        </button>
      </div>
    </form>
  );
}

/** It goes with the dialog: nothing else keeps it. */
function Made({ made, onClose }: { made: AnswerOf<'createKey'>; onClose: () => void }): VNode {
  return (
    <>
      <p>
        This is the key of <Text value={made.name} />. It is shown this once: keep it where secrets are kept.
      </p>
      <p class="secret">
        <code>{made.key}</code>
      </p>
      <div class="buttons">
        <CopyButton text={made.key} label="Copy the key" />
        <button type="button" class="main" onClick={onClose}>
          Done
        </button>
      </div>
    </>
  );
}
