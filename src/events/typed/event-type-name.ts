import { valueText } from '../../common/index.js';

/** Bounded, since a run counts its events by type, and every list of runs shows that. */
const HALF = '[a-z][a-z0-9_]{0,63}';
export const EXACT = new RegExp(`^${HALF}\\.${HALF}$`);
export const CATEGORY = new RegExp(`^${HALF}\\.\\*$`);

/**
 * @param type one type (`deploy.started`) or a category of them (`build.*`)
 * @throws TypeError when it is neither
 */
export function assertEventType(type: unknown): asserts type is string {
  if (typeof type === 'string' && (EXACT.test(type) || CATEGORY.test(type))) return;
  throw new TypeError(
    `${valueText(type)} is not an event type: write category.action or category.*, each of at most 64 lower-case letters, digits and _.`,
  );
}
