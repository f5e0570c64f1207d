import type { VNode } from 'preact';
import { Text } from '../../parts/text.js';
import type { Sentence } from '../../sentences/sentence.js';
import { href } from '../../service/router.js';
import { may } from '../../service/session.js';

/** A sentence, with links to the runs that it names. */
export function SentenceText({ sentence }: { sentence: Sentence }): VNode {
  return (
    <>
      {sentence.map((part) =>
        typeof part === 'string' ? (
          part
        ) : 'run' in part ? (
          <RunLink id={part.run} />
        ) : (
          <Text value={part.text} />
        ),
      )}
    </>
  );
}

/** The last characters of an id tell runs apart: the first ones are its time. */
export function RunLink({ id, event }: { id: string; event?: number | undefined }): VNode {
  const short = id.length > 14 ? `…${id.slice(-8)}` : id;
  if (!may('runs:read')) return <Text value={short} />;
  return (
    <a href={href(['runs', id], { e: event })} title={id}>
      <Text value={short} />
    </a>
  );
}
