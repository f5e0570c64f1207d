import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { count, counted } from '../../parts/format.js';
import { now } from '../../store/now.js';
import { Text } from '../../parts/text.js';
import { type Coverage, missed } from '../../rows/coverage.js';
import { rangeText } from '../../rows/row-view.js';
import type { FeedState, RunFeed } from '../../store/run/run-feed.js';

/** A live region that says more than this is no help. */
const SAY_EVERY_MS = 5000;

interface HeldProps {
  coverage: Coverage;
  feed: RunFeed;
  /** Somebody wants to see where events are missing, from this one on. */
  onGap: (from: number) => void;
}

/** How many events are here, and whether those are all: what is missing is said for good. */
export function Held({ coverage, feed, onGap }: HeldProps): VNode {
  const { held, head, missing } = coverage;
  const [first] = missing;
  const gone = missed(coverage);
  const isBehind = coverage.coming > 0 || coverage.unread !== undefined;
  if (feed.expired.value) return <span class="held soft">{counted(head, 'event')}, no longer kept</span>;
  // Nothing is known yet, and that is not "none".
  if (head === 0 && feed.isFilling.value) return <span class="held soft">…</span>;
  return (
    <span class="held">
      {isBehind ? (
        <span class="soft">
          {feed.isFilling.value || coverage.coming > 0
            ? `catching up ${count(held)} of ${count(head)}`
            : `${count(held)} of ${count(head)} events read`}
        </span>
      ) : gone > 0 ? (
        <span>
          {count(held)} of {counted(head, 'event')}
        </span>
      ) : (
        <span class="whole">{counted(head, 'event')}, all held</span>
      )}
      {first && (
        <>
          {' '}
          <button type="button" class="missing plain" onClick={() => onGap(first.from)}>
            ▲ {missing.length === 1 ? rangeText(first) : counted(gone, 'event')} are no longer kept
          </button>
        </>
      )}
      {feed.hasDiverged.value && (
        <span class="missing"> ▲ the log is another one than before: what was shown first is void</span>
      )}
    </span>
  );
}

/** How the stream stands, in words. */
export function StreamState({ feed }: { feed: RunFeed }): VNode {
  const state = feed.state.value;
  const isWaiting = state.kind === 'reconnecting';
  const { sign, text } = wordsOf(state);
  const inMs = isWaiting ? state.atMs - now.value : 0;
  return (
    <span class={`stream-state ${state.kind}`}>
      <span aria-hidden="true">
        {sign} {text}
        {isWaiting && (inMs > 0 ? ` in ${Math.ceil(inMs / 1000)} s` : ' now')}
      </span>
      <Said text={text} />
      {isWaiting && state.cause && (
        <span class="soft">
          {' '}
          (<Text value={state.cause.message} />)
        </span>
      )}
    </span>
  );
}

function wordsOf(state: FeedState): { sign: string; text: string } {
  switch (state.kind) {
    case 'opening':
      return { sign: '◔', text: 'opening' };
    case 'live':
      return { sign: '●', text: 'live' };
    case 'polling':
      return { sign: '◔', text: 'polling: too many tabs of this browser are open' };
    case 'hidden':
      return { sign: '◌', text: 'resting while the tab is hidden' };
    case 'reconnecting':
      return { sign: '◌', text: 'reconnecting' };
    case 'ended':
      return { sign: '■', text: 'ended' };
    case 'deleted':
      return { sign: '✕', text: 'deleted' };
    case 'refused':
      return { sign: '✕', text: state.error.status === 401 ? 'signed out' : 'refused' };
  }
}

/** Says it to those who do not see it, at most once in five seconds. */
function Said({ text }: { text: string }): VNode {
  const said = useSignal('');
  const at = useSignal(0);
  useEffect(() => {
    const waitMs = Math.max(0, at.value + SAY_EVERY_MS - Date.now());
    const timer = setTimeout(() => {
      said.value = text;
      at.value = Date.now();
    }, waitMs);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <span role="status" class="unseen">
      {said.value}
    </span>
  );
}
