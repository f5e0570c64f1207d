import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';

const SAID_MS = 2000;

/** Copies a text, and says so. */
export function CopyButton({ label, text }: { label: string; text: () => string }): VNode {
  const said = useSignal('');
  const copy = (): void => {
    copyText(text()).then(
      () => (said.value = 'copied'),
      () => (said.value = 'the browser does not let this page copy'),
    );
    setTimeout(() => (said.value = ''), SAID_MS);
  };
  return (
    <span class="copy">
      <button type="button" onClick={copy}>
        {label}
      </button>
      <span role="status" class="soft">
        {said.value}
      </span>
    </span>
  );
}

/** Only on HTTPS and on this machine do browsers let a page copy. */
export async function copyText(text: string): Promise<void> {
  if (!('clipboard' in navigator)) throw new Error('There is no clipboard here.');
  await navigator.clipboard.writeText(text);
}
