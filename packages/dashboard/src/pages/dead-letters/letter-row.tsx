import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useId } from 'preact/hooks';
import { Ago } from '../../parts/ago.js';
import { CopyButton } from '../../parts/copy-button.js';
import { counted } from '../../parts/format.js';
import { Text } from '../../parts/text.js';
import type { DeadLetter } from '../../sentences/group-facts.js';
import { RunLink } from '../groups/sentence-text.js';

/** Characters of an event or an error that are shown; the copy has all. */
const MOST_SHOWN = 20_000;

export interface LetterProps {
  letter: DeadLetter;
  onRedrive: () => Promise<void>;
  onDelete: () => Promise<void>;
}

/** A dead letter; opened, its event stands beside its error. */
export function LetterRow({ letter, onRedrive, onDelete }: LetterProps): VNode {
  const { event, run_id, attempts, last_failure_at } = letter;
  const isOpen = useSignal(false);
  const isBusy = useSignal(false);
  const inside = useId();
  const type = event ? `${event.event.category}.${event.event.action}` : 'trimmed event';
  const press = (act: () => Promise<void>) => (): void => {
    if (isBusy.value) return;
    isBusy.value = true;
    void act().finally(() => (isBusy.value = false));
  };
  return (
    <li class="letter">
      <div class="facts">
        <button
          type="button"
          class="open"
          aria-expanded={isOpen.value}
          aria-controls={isOpen.value ? inside : undefined}
          onClick={() => (isOpen.value = !isOpen.value)}
        >
          <span aria-hidden="true">{isOpen.value ? '▾' : '▸'}</span> <Text value={type} />
        </button>
        {run_id !== null && (
          <span>
            run <RunLink id={run_id} event={event?.sequence} />
          </span>
        )}
        <span class="soft">
          {counted(attempts, 'attempt')}, <Ago at={last_failure_at} />
        </span>
        <span class="space" />
        <button
          type="button"
          disabled={event === null}
          aria-disabled={isBusy.value}
          onClick={press(onRedrive)}
        >
          Redrive
        </button>
        <button type="button" aria-disabled={isBusy.value} onClick={press(onDelete)}>
          Delete
        </button>
      </div>
      {isOpen.value && <Inside id={inside} letter={letter} />}
    </li>
  );
}

function Inside({ id, letter }: { id: string; letter: DeadLetter }): VNode {
  const { event, error, entry, first_failure_at } = letter;
  const json = event ? JSON.stringify(event, null, 2) : undefined;
  return (
    <div id={id} class="inside">
      <div>
        <h3>Event</h3>
        {json === undefined ? (
          <p class="soft">It was trimmed before it could be handled, or can’t be read.</p>
        ) : (
          <>
            <Code text={json} label="Event" />
            <CopyButton text={json} label="Copy JSON" />
          </>
        )}
      </div>
      <div>
        <h3>Error</h3>
        <Code text={error} label="Error" />
        <p class="soft">
          First failed <Ago at={first_failure_at} />, journal id {entry}
        </p>
      </div>
    </div>
  );
}

function Code({ text, label }: { text: string; label: string }): VNode {
  const more = text.length - MOST_SHOWN;
  return (
    <pre tabIndex={0} aria-label={label}>
      <Text value={text.slice(0, MOST_SHOWN)} />
      {more > 0 && <i>{`\n… ${counted(more, 'more character')}`}</i>}
    </pre>
  );
}
