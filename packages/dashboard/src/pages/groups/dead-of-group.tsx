import type { VNode } from 'preact';
import { Ago } from '../../parts/ago.js';
import { counted } from '../../parts/format.js';
import { Text } from '../../parts/text.js';
import type { ConsumerGroup, DeadLetter } from '../../sentences/group-facts.js';
import { brief } from '../../sentences/sentence.js';
import { href } from '../../service/router.js';
import { RunLink } from './sentence-text.js';

export interface DeadOfGroupProps {
  group: ConsumerGroup;
  /** The newest. */
  letters: readonly DeadLetter[];
}

/** What a group gave up last. */
export function DeadOfGroup({ group, letters }: DeadOfGroupProps): VNode {
  return (
    <section aria-labelledby="dead">
      <h2 id="dead">Dead letters</h2>
      {letters.length === 0 ? (
        <p class="soft">It has given nothing up.</p>
      ) : (
        <>
          <ul class="bare-list">
            {letters.map(({ id, event, error, run_id, last_failure_at }) => (
              <li key={id}>
                <span class="soft">
                  <Ago at={last_failure_at} />
                </span>{' '}
                <Text value={event ? `${event.event.category}.${event.event.action}` : 'trimmed'} />{' '}
                {run_id !== null && <RunLink id={run_id} event={event?.sequence} />}{' '}
                <Text class="error" value={brief(error)} />
              </li>
            ))}
          </ul>
          <p>
            <a href={href(['dead-letters'], { group: group.group })}>
              All {counted(Math.max(group.dead_letters, letters.length), 'dead letter')}: see, redrive, delete
            </a>
          </p>
        </>
      )}
    </section>
  );
}
