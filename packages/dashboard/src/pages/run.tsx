import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { clock, count } from '../parts/format.js';
import { Text } from '../parts/text.js';
import { VirtualList } from '../parts/virtual-list.js';
import { RunFeed } from '../store/run-feed.js';

/** One run, live. */
export function RunPage({ id }: { id: string }): VNode {
  const feed = useMemo(() => new RunFeed(id), [id]);
  const isFollowing = useSignal(true);
  useEffect(() => {
    void feed.open();
    return () => feed.close();
  }, [feed]);
  const { log } = feed;
  const row = (index: number): VNode => {
    const event = log.at(index + 1);
    if (!event) return <span class="soft">…</span>;
    return (
      <>
        <span class="time">{clock(event.timestamp)}</span>
        <Text class="type" value={`${event.event.category}.${event.event.action}`} />
        <Text class="what" value={JSON.stringify(event.data).slice(0, 300)} />
      </>
    );
  };
  return (
    <section class="run">
      <h1>
        <Text value={feed.run.value?.task ?? id} />
      </h1>
      <p role="status">
        {feed.state.value.kind}: {count(log.held.count)} of {count(log.head)} events held
      </p>
      <VirtualList
        label="Events"
        version={feed.version.value}
        count={log.head}
        row={row}
        keyOf={(index) => index}
        isFollowing={isFollowing.value}
        onFollowing={(value) => (isFollowing.value = value)}
      />
    </section>
  );
}
