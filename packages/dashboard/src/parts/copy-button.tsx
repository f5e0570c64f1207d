import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';

const SAID_MS = 2000;
type State = '' | 'copied' | 'failed';

/** Puts a text where the reader's system keeps what is copied, and says whether it did. */
export function CopyButton({
  text,
  label = 'Copy',
}: {
  text: string | (() => string);
  label?: string;
}): VNode {
  const state = useSignal<State>('');
  useEffect(() => {
    if (state.value === '') return;
    const timer = setTimeout(() => (state.value = ''), SAID_MS);
    return () => clearTimeout(timer);
  }, [state.value]);
  const press = (event: MouseEvent): void => {
    const button = event.currentTarget as HTMLElement;
    void copyText(typeof text === 'string' ? text : text(), button).then(
      (isCopied) => (state.value = isCopied ? 'copied' : 'failed'),
    );
  };
  return (
    <span class="copy">
      <button type="button" onClick={press}>
        {label}
      </button>
      <span role="status">
        {state.value === 'copied' && ' ✓ copied'}
        {state.value === 'failed' && ' ✕ this browser does not let the page copy'}
      </span>
    </span>
  );
}

/** Browsers have a clipboard only in pages of HTTPS and of this machine; elsewhere a selection is copied. */
export async function copyText(text: string, near: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'unseen';
    // Beside the button: outside an open dialog nothing can be selected.
    near.after(area);
    area.select();
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the one way on plain HTTP beyond this machine
    const isCopied = document.execCommand('copy');
    area.remove();
    near.focus();
    return isCopied;
  }
}
