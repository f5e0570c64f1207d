import { RunstreamClientError } from '@runstream/client';
import type { Outcome } from '../../sentences/outcome.js';

const AT_ONCE = 4;

/** Does it to each, and says what came of it: what is wrong with one does not stop the others, an outage does. */
export async function actOnEach(
  ids: readonly string[],
  act: (id: string) => Promise<unknown>,
  signal?: AbortSignal,
): Promise<Outcome> {
  const outcome: Outcome = { done: [], trimmed: [], gone: [], left: 0 };
  const waiting = [...ids];
  const work = async (): Promise<void> => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      try {
        signal?.throwIfAborted();
        await act(id);
        outcome.done.push(id);
      } catch (error) {
        const code = error instanceof RunstreamClientError ? error.code : undefined;
        if (code === 'DEAD_LETTER_NOT_FOUND') outcome.gone.push(id);
        else if (code === 'VALIDATION_FAILED') outcome.trimmed.push(id);
        else {
          outcome.left += 1 + waiting.splice(0).length;
          outcome.trouble = error;
        }
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return outcome;
}
