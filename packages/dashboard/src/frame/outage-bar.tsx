import type { VNode } from 'preact';
import { clock } from '../parts/format.js';
import { outage } from '../service/client.js';

/** Says over the whole page that what it shows is old, and goes by itself. */
export function OutageBar(): VNode {
  const { value } = outage;
  return (
    <div class="outage" role="alert">
      {value && (
        <p>
          <span aria-hidden="true">▲ </span>
          {value.what === 'store' ? 'The store is away' : 'The service does not answer'} since{' '}
          <time>{clock(value.since)}</time>. Shown is what was known; nothing is lost by waiting.
        </p>
      )}
    </div>
  );
}
