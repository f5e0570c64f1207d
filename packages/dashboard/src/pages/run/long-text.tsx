import { useSignal } from '@preact/signals';
import type { ComponentChildren, VNode } from 'preact';
import { visible } from '../../parts/text.js';

/** What is shown at a time. */
const SLICE = 64 * 1024;
const MAX_LINKS = 200;
const LINK = /https?:\/\/[^\s"'<>\\\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g;

/** A text with its line breaks, however long: a slice of it, and more when asked. Its links are links. */
export function LongText({ text, label }: { text: string; label?: string }): VNode {
  const shown = useSignal(SLICE);
  const slices = [];
  for (let at = 0; at < Math.min(text.length, shown.value); at += SLICE) {
    slices.push(<span key={at}>{linked(text.slice(at, at + SLICE))}</span>);
  }
  const rest = text.length - shown.value;
  return (
    <>
      <pre class="long" tabIndex={0} aria-label={label}>
        <bdi>{slices}</bdi>
      </pre>
      {rest > 0 && (
        <button type="button" onClick={() => (shown.value += SLICE)}>
          more ({bytesText(rest)} left)
        </button>
      )}
    </>
  );
}

function linked(text: string): ComponentChildren[] {
  const parts: ComponentChildren[] = [];
  let at = 0;
  for (const { 0: found, index } of text.matchAll(LINK)) {
    if (parts.length > 2 * MAX_LINKS) break;
    if (!URL.canParse(found)) continue;
    const address = found.replace(/[.,;:!?)\]}]+$/, '');
    parts.push(visible(text.slice(at, index)));
    parts.push(
      <a href={address} rel="noopener noreferrer" target="_blank">
        {visible(address)}
      </a>,
    );
    at = index + address.length;
  }
  parts.push(visible(text.slice(at)));
  return parts;
}

/** Characters, as a size: `4 kB`. */
export function bytesText(length: number): string {
  if (length < 1000) return `${length} B`;
  return length < 1_000_000 ? `${Math.round(length / 1000)} kB` : `${(length / 1_000_000).toFixed(1)} MB`;
}
