import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { Ago } from '../../parts/ago.js';
import { Confirm } from '../../parts/dialog.js';
import { counted } from '../../parts/format.js';
import { Text } from '../../parts/text.js';
import type { Bunch } from '../../sentences/bunches.js';
import { brief } from '../../sentences/sentence.js';
import { href } from '../../service/router.js';
import { LetterRow } from './letter-row.js';

const FIRST = 5;
const STEP = 50;

export interface BunchProps {
  bunch: Bunch;
  /** Whether older ones of it can't be there. */
  isWhole: boolean;
  onRedrive: (ids: readonly string[]) => Promise<void>;
  onDelete: (ids: readonly string[]) => Promise<void>;
}

/** Dead letters of one group that died of the same. */
export function BunchView({ bunch, isWhole, onRedrive, onDelete }: BunchProps): VNode {
  const { group, error, letters } = bunch;
  const shown = useSignal(FIRST);
  const asks = useSignal<'redrive' | 'delete' | undefined>(undefined);
  const ids = letters.map(({ id }) => id);
  const lost = letters.filter(({ event }) => event === null).length;
  const many = counted(letters.length, 'dead letter');
  const rest = letters.length - shown.value;
  return (
    <section class="bunch" aria-label={`${many} of ${group}`}>
      <h2>
        <Text class="error" value={brief(error) || 'without an error'} />
      </h2>
      <p class="facts">
        <span>
          {many} of{' '}
          <a href={href(['groups', group])}>
            <Text value={group} />
          </a>
          {!isWhole && ' among the newest'}
        </span>
        {letters[0] && (
          <span class="soft">
            last <Ago at={letters[0].last_failure_at} />
          </span>
        )}
        <span class="space" />
        <button type="button" disabled={lost === letters.length} onClick={() => (asks.value = 'redrive')}>
          Redrive {letters.length === 1 ? 'it' : `these ${letters.length}`}
        </button>
        <button type="button" onClick={() => (asks.value = 'delete')}>
          Delete {letters.length === 1 ? 'it' : `these ${letters.length}`}
        </button>
      </p>
      <ul class="bare-list">
        {letters.slice(0, shown.value).map((letter) => (
          <LetterRow
            key={letter.id}
            letter={letter}
            onRedrive={() => onRedrive([letter.id])}
            onDelete={() => onDelete([letter.id])}
          />
        ))}
      </ul>
      {rest > 0 && (
        <button type="button" onClick={() => (shown.value += STEP)}>
          Show {Math.min(rest, STEP)} more
        </button>
      )}
      {asks.value === 'redrive' && (
        <Confirm
          title={`Redrive ${many}`}
          action="Redrive"
          onClose={() => (asks.value = undefined)}
          onConfirm={() => onRedrive(ids)}
        >
          <p>
            Their events go to {group} again, once each, with attempts counted from 1.
            {lost > 0 && ` ${lost} of them can’t: trimmed, so there is nothing to send back.`}
          </p>
        </Confirm>
      )}
      {asks.value === 'delete' && (
        <Confirm
          title={`Delete ${many}`}
          action="Delete"
          isDangerous
          onClose={() => (asks.value = undefined)}
          onConfirm={() => onDelete(ids)}
        >
          <p>{group} never handles their events. The events themselves stay in their runs.</p>
        </Confirm>
      )}
    </section>
  );
}
