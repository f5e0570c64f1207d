import { watches } from '../../parts/watches.js';
import type { RunEvent } from '@runstream/client';
import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { now } from '../../store/now.js';
import { Text } from '../../parts/text.js';
import { preview } from '../../rows/preview.js';
import { typeOf } from '../../rows/events.js';
import { serviceNow } from '../../service/clock.js';
import { client } from '../../service/client.js';
import { noteRefusal, may } from '../../service/session.js';
import { type Executors, PATIENCE_MS, sentenceOf } from '../../sentences/run.js';
import { isShown, sleep } from '../../store/visibility.js';
import type { RunFeed } from '../../store/run/run-feed.js';
import type { RunModel } from './run-model.js';

const ASK_MS = 10_000;
/** Enough to say what a usual pause is. */
const LAST = 200;
/** So many runs in line are counted. */
const LINE = 200;

export interface SentenceBarProps {
  model: RunModel;
  onCancel: () => void;
  onGate: (action: 'approved' | 'rejected') => void;
}

/** Why the run does not get on, and what can be done. */
export function SentenceBar({ model: { feed }, onCancel, onGate }: SentenceBarProps): VNode | null {
  const run = feed.run.value;
  const isActive = run?.completed_at === null && feed.state.value.kind !== 'deleted';
  const line = useLine(feed, run?.status === 'pending');
  watches(feed.version);
  if (!run || !isActive) return null;
  const last = lastEvents(feed);
  const sentence = sentenceOf({ run, ...line, last, nowMs: now.value });
  if (!sentence) return null;
  const { text, advice, actions } = sentence;
  const asked = actions.includes('approve')
    ? last.findLast((event) => typeOf(event) === 'gate.requested')
    : undefined;
  return (
    <section class="sentence" aria-label="Why it waits">
      <div>
        <p>
          <span aria-hidden="true">▲ </span>
          <Text value={text} />
        </p>
        {asked && (
          <p>
            <Text value={preview(asked.data)} />
          </p>
        )}
        <p class="soft">{advice}</p>
      </div>
      {may('runs:write') && (
        <div class="buttons">
          {actions.includes('approve') && (
            <button type="button" class="main" onClick={() => onGate('approved')}>
              Approve
            </button>
          )}
          {actions.includes('reject') && (
            <button type="button" onClick={() => onGate('rejected')}>
              Reject
            </button>
          )}
          {actions.includes('cancel') && (
            <button type="button" onClick={onCancel}>
              Cancel the run
            </button>
          )}
        </div>
      )}
    </section>
  );
}

function lastEvents({ log }: RunFeed): RunEvent[] {
  const to = log.held.last ?? 0;
  const events: RunEvent[] = [];
  for (let sequence = Math.max(1, to - LAST); sequence <= to; sequence++) {
    const event = log.at(sequence);
    if (event) events.push(event);
  }
  return events;
}

interface Line {
  executors: Executors | undefined;
  before: number | undefined;
}

/** Who could execute a run that waits, and which runs wait for longer. Asked only for such a run. */
function useLine({ id, run }: RunFeed, isPending: boolean): Line {
  const line = useSignal<Line>({ executors: undefined, before: undefined });
  useEffect(() => {
    if (!isPending) return undefined;
    const closing = new AbortController();
    const { signal } = closing;
    const ask = async (): Promise<void> => {
      while (!signal.aborted) {
        const { executor, created_at } = run.value ?? { executor: '', created_at: '' };
        const waitMs = Date.parse(created_at) + PATIENCE_MS - serviceNow();
        await sleep(Math.min(Math.max(0, waitMs), PATIENCE_MS), signal);
        await isShown(signal);
        const [{ executors }, { runs }] = await Promise.all([
          client.executors.list({ signal }),
          client.runs.list({ status: 'pending', executor, limit: LINE }, { signal }),
        ]);
        const before = runs.filter((one) => one.id !== id && one.created_at < created_at).length;
        line.value = { executors, before };
        await sleep(ASK_MS, signal);
      }
    };
    ask().catch((error: unknown) => {
      if (!signal.aborted) noteRefusal(error);
    });
    return () => closing.abort();
  }, [isPending]);
  return line.value;
}
