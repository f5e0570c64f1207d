import type { VNode } from 'preact';
import { count } from '../../parts/format.js';
import { note } from '../../service/router.js';
import type { RunsList } from '../../store/runs-list.js';
import { addressOf, type FilterPart } from './filter.js';

/** Nothing was found: says what was looked for, and lets go of it. */
export function NoHits({ list, parts }: { list: RunsList; parts: readonly FilterPart[] }): VNode {
  return (
    <div class="empty">
      <h2>No run matches</h2>
      <ul class="dropped">
        {parts.map(({ text, without }) => (
          <li key={text}>
            <button type="button" aria-label={`${text}, drop it`} onClick={() => note(addressOf(without))}>
              <bdi>{text}</bdi> ×
            </button>
          </li>
        ))}
      </ul>
      {list.isPartial.value && <LookFurther list={list} />}
    </div>
  );
}

/** The service looks at so many runs at a time when it filters. */
export function LookFurther({ list }: { list: RunsList }): VNode {
  return (
    <p class="further">
      The newest {count(list.lookedAt.value)} runs were looked at.{' '}
      <button type="button" aria-disabled={list.isReading.value} onClick={() => void list.readMore()}>
        Look at {count(2000)} more
      </button>
    </p>
  );
}
