import { ValidationFailedError } from '../common/index.js';
import type { JsonObject } from '../events/index.js';

const MAX_LABELS = 64;
/** No colon, so that `?label=name:value` is unambiguous. */
const NAME = /^[^:\p{Cc}]{1,63}$/u;
const MAX_VALUE_LENGTH = 255;

/** @throws ValidationFailedError */
export function readLabels(labels: JsonObject): Record<string, string> {
  const entries = Object.entries(labels);
  const valid = entries.every(
    ([name, value]) => NAME.test(name) && typeof value === 'string' && value.length <= MAX_VALUE_LENGTH,
  );
  if (entries.length > MAX_LABELS || !valid) {
    throw new ValidationFailedError([
      {
        path: 'labels',
        message:
          `must be an object of at most ${MAX_LABELS} strings of at most ${MAX_VALUE_LENGTH} characters, ` +
          'with names of 1 to 63 characters without a colon',
      },
    ]);
  }
  return labels as Record<string, string>;
}
