import type { Run } from '@runstream/client';
import type { VNode } from 'preact';
import { count } from '../../parts/format.js';
import { LongText } from './long-text.js';
import { Text } from '../../parts/text.js';

/** How a run ended: its error comes first of all. */
export function Outcome({ run }: { run: Run }): VNode | null {
  if (run.status === 'failed') {
    return (
      <section class="outcome failed" aria-label="Error">
        <h2>✕ Failed</h2>
        <LongText text={errorText(run.error)} />
      </section>
    );
  }
  if (run.result === null) return null;
  const isText = typeof run.result === 'string';
  return (
    <details class="outcome">
      <summary>Result</summary>
      <LongText text={isText ? (run.result as string) : JSON.stringify(run.result, null, 2)} />
    </details>
  );
}

/** With its stack, where it has one. */
function errorText(error: Run['error']): string {
  if (error === null) return 'It did not say why.';
  if (typeof error === 'string') return error;
  if (typeof error !== 'object' || Array.isArray(error)) return JSON.stringify(error, null, 2);
  const { message, stack, ...others } = error;
  const texts = [message, stack].filter((text): text is string => typeof text === 'string');
  const rest = { ...(texts.length === 0 && error), ...others };
  const isRepeated = texts.length === 2 && texts[1]?.includes(texts[0] ?? '');
  return [
    ...(isRepeated ? texts.slice(1) : texts),
    ...(Object.keys(rest).length > 0 ? [JSON.stringify(rest, null, 2)] : []),
  ].join('\n');
}

/** What is left of a run whose events are no longer kept. */
export function Expired({ run }: { run: Run }): VNode {
  return (
    <section class="expired">
      <h2>Its events are no longer kept</h2>
      {run.expires_at !== null && (
        <p>
          They were kept until{' '}
          <time dateTime={run.expires_at}>{new Date(run.expires_at).toLocaleString()}</time>.
        </p>
      )}
      <table>
        <caption>Events that there were, by type</caption>
        <tbody>
          {Object.entries(run.statistics.events).map(([type, number]) => (
            <tr key={type}>
              <th scope="row">
                <Text value={type} />
              </th>
              <td>{count(number)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
