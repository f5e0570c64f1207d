import { useSignal } from '@preact/signals';
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Failure } from './failure.js';

export interface AskProps {
  title: string;
  children?: ComponentChildren;
  /** Of the button that does it. */
  yes: string;
  no?: string;
  onYes: () => Promise<unknown>;
  onClose: () => void;
}

/** Asks before something that can't be taken back. It stays open, and says why, when that fails. */
export function Ask({ title, children, yes, no = 'Go back', onYes, onClose }: AskProps): VNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const error = useSignal<unknown>(undefined);
  const isBusy = useSignal(false);
  useEffect(() => dialog.current?.showModal(), []);
  const run = async (event: Event): Promise<void> => {
    event.preventDefault();
    error.value = undefined;
    isBusy.value = true;
    try {
      await onYes();
      onClose();
    } catch (reason) {
      error.value = reason;
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <dialog ref={dialog} class="ask" aria-label={title} onClose={onClose}>
      <form onSubmit={(event) => void run(event)}>
        <h2>{title}</h2>
        {children}
        <Failure what="That failed" error={error.value} />
        <p class="buttons">
          <button type="submit" class="main" disabled={isBusy.value}>
            {yes}
          </button>
          <button type="button" onClick={onClose}>
            {no}
          </button>
        </p>
      </form>
    </dialog>
  );
}
