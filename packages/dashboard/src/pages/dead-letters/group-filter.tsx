import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { count } from '../../parts/format.js';
import { visible } from '../../parts/text.js';
import { client } from '../../service/client.js';
import { go } from '../../service/router.js';

/** Which group's are shown; it stands in the address. */
export function GroupFilter({ group }: { group: string | undefined }): VNode {
  const groups = useSignal<readonly { group: string; dead_letters: number }[]>([]);
  useEffect(() => {
    const ended = new AbortController();
    client.consumers.list({ signal: ended.signal }).then(
      (answer) => (groups.value = answer.groups),
      // The page says it of the dead letters themselves.
      () => undefined,
    );
    return () => ended.abort();
  }, []);
  const isKnown = group === undefined || groups.value.some((one) => one.group === group);
  return (
    <label class="filter">
      Group{' '}
      <select
        value={group ?? ''}
        onChange={({ currentTarget: { value } }) =>
          go(['dead-letters'], { group: value === '' ? undefined : value })
        }
      >
        <option value="">all</option>
        {!isKnown && <option value={group}>{visible(group)}</option>}
        {groups.value.map((one) => (
          <option key={one.group} value={one.group}>
            {visible(one.group)} ({count(one.dead_letters)})
          </option>
        ))}
      </select>
    </label>
  );
}
