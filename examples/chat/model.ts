import type { UIMessage } from 'ai';
import { setTimeout as delay } from 'node:timers/promises';

const WORD_MS = 30;
const LEAST_WORDS = 20;

/**
 * Stands for a model, which you put here: it counts, as far as the newest question says. The last message is the answer,
 * with what was said of it already; that is nothing, unless the process died that said it.
 */
export async function* answer(messages: UIMessage[], signal: AbortSignal): AsyncGenerator<string> {
  const texts = messages.map(textOf);
  const [question = '', said = ''] = texts.slice(-2);
  const words = Math.max(LEAST_WORDS, Number(/\d+/.exec(question)?.[0]));
  const numbers = Array.from({ length: words }, (_, index) => `${index + 1} `);
  const whole = [`This is answer ${messages.length / 2}. `, ...numbers].join('');
  for (const word of whole.slice(said.length).match(/\S+ /g) ?? []) {
    await delay(WORD_MS, undefined, { signal });
    yield word;
  }
}

function textOf({ parts }: UIMessage): string {
  return parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
}
