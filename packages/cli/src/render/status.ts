import type { Run } from '@runstream/client';
import { type Shown, type Style, toShown } from './shown.js';

const STYLES: Readonly<Record<Run['status'], Style>> = {
  pending: 'yellow',
  running: 'cyan',
  completed: 'green',
  failed: 'red',
  cancelled: 'yellow',
};

/** A status in its colour. */
export function statusOf(status: Run['status']): Shown {
  return toShown(status).in(STYLES[status] ?? 'bold');
}
