import type { AnswerOf } from '@runstream/client';
import type { VNode } from 'preact';
import { Age, Ago } from '../../parts/ago.js';
import { count } from '../../parts/format.js';
import { Text } from '../../parts/text.js';
import { memberName, type PendingEvent } from '../../sentences/group-facts.js';
import { brief } from '../../sentences/sentence.js';
import { RunLink } from './sentence-text.js';

export interface PendingTableProps {
  page: AnswerOf<'listPending'>;
  /** When the page came, in ms. */
  at: number;
  /** Asks for as many as can be shown; undefined when these are. */
  onMore?: () => void;
}

/** What a group was given and has no outcome for, oldest first: what it hangs on is on top. */
export function PendingTable({ page, at, onMore }: PendingTableProps): VNode {
  const { pending, has_more } = page;
  return (
    <section aria-labelledby="pending">
      <h2 id="pending">Pending</h2>
      {pending.length === 0 ? (
        <p class="soft">Nothing was given out that has no outcome.</p>
      ) : (
        <table class="lines">
          <thead>
            <tr>
              {['Event', 'Run', 'State', 'Age', 'Attempts', 'Next try', 'Consumer', 'Last error'].map(
                (name) => (
                  <th
                    key={name}
                    scope="col"
                    class={['Age', 'Attempts'].includes(name) ? 'number' : undefined}
                  >
                    {name}
                  </th>
                ),
              )}
            </tr>
          </thead>
          <tbody>
            {pending.map((event) => (
              <Row key={`${event.redriven ? 'r' : ''}${event.entry}`} event={event} at={at} />
            ))}
          </tbody>
        </table>
      )}
      {has_more && (
        <p>
          These are the {count(pending.length)} oldest.{' '}
          {onMore && (
            <button type="button" onClick={onMore}>
              Show more
            </button>
          )}
        </p>
      )}
    </section>
  );
}

function Row({ event, at }: { event: PendingEvent; at: number }): VNode {
  const { entry, redriven, run_id, type, consumer, state, age_ms, idle_ms, attempts } = event;
  return (
    <tr>
      <th scope="row" title={entry}>
        {type === null ? <span class="soft">trimmed</span> : <Text value={type} />}
        {redriven && <span class="soft"> redriven</span>}
      </th>
      <td data-label="Run">{run_id === null ? '–' : <RunLink id={run_id} />}</td>
      <td data-label="State">
        <span class={`pending ${state}`}>{state}</span>
      </td>
      <td data-label="Age" class="number">
        <Age since={at - age_ms} />
      </td>
      <td data-label="Attempts" class="number">
        {count(attempts)}
      </td>
      <td data-label="Next try">
        {event.next_try_at === null ? '–' : <Ago at={event.next_try_at} isOver={false} />}
      </td>
      <td data-label="Consumer">
        <Text value={memberName(consumer)} />{' '}
        <small class="soft">
          heard <Ago at={at - idle_ms} />
        </small>
      </td>
      <td data-label="Last error" class="error">
        {event.last_error === null ? '–' : <Text value={brief(event.last_error)} />}
      </td>
    </tr>
  );
}
