import type { VNode } from 'preact';
import { Ago } from '../../parts/ago.js';
import { now as clock } from '../../store/now.js';
import { Text } from '../../parts/text.js';
import { type ApiKey, type KeyState, keyStateOf } from '../../sentences/key-state.js';

const MARKS: Readonly<Record<KeyState, string>> = {
  good: '● good',
  unused: '○ never used',
  expired: '✕ expired',
  revoked: '✕ revoked',
};
const TONES: Readonly<Record<KeyState, string>> = {
  good: 'fine',
  unused: 'quiet',
  expired: 'behind',
  revoked: 'stuck',
};
const COLUMNS = ['Name', 'State', 'Scopes', 'Made', 'Last used', 'Expires'];

export interface KeyTableProps {
  keys: readonly ApiKey[];
  onRevoke: (key: ApiKey) => void;
}

export function KeyTable({ keys, onRevoke }: KeyTableProps): VNode {
  const now = clock.value;
  return (
    <table class="lines">
      <thead>
        <tr>
          {COLUMNS.map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
          <td />
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => {
          const state = keyStateOf(key, now);
          const isOver = state === 'revoked' || state === 'expired';
          return (
            <tr key={key.id} class={isOver ? 'over' : undefined}>
              <th scope="row">
                <Text value={key.name} /> <small class="soft">{key.id}</small>
              </th>
              <td>
                <span class={`mark ${TONES[state]}`}>{MARKS[state]}</span>
              </td>
              <td data-label="Scopes">{key.scopes.join(' ')}</td>
              <td data-label="Made">
                <Ago at={key.created_at} />
              </td>
              <td data-label="Last used">
                {key.last_used_at === null ? '–' : <Ago at={key.last_used_at} />}
              </td>
              <td data-label="Expires">
                {key.expires_at === null ? 'never' : <Ago at={key.expires_at} isOver={state === 'expired'} />}
              </td>
              <td>
                {!isOver && (
                  <button type="button" aria-label={`Revoke ${key.name}`} onClick={() => onRevoke(key)}>
                    Revoke…
                  </button>
                )}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
