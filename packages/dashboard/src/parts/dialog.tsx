import { useSignal } from '@preact/signals';
import type { ComponentChildren, VNode } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { Failure } from './failure.js';
import { Text } from './text.js';

export interface DialogProps {
  title: string;
  /** Asks to be taken away: Escape, or its button. */
  onClose: () => void;
  class?: string;
  children: ComponentChildren;
}

/** Above the page for as long as it is rendered. The focus stays in it, and goes back to where it was. */
export function Dialog({ title, onClose, class: name, children }: DialogProps): VNode {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useLayoutEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      // What opened it may be gone, for example a row that was deleted.
      setTimeout(() => {
        if (!before?.isConnected && document.activeElement === document.body)
          document.getElementById('main')?.focus();
      });
    };
  }, []);
  const cancel = (event: Event): void => {
    event.preventDefault();
    onClose();
  };
  return (
    <dialog ref={element} class={name} aria-labelledby={heading} onCancel={cancel}>
      <h2 id={heading}>
        <Text value={title} />
      </h2>
      {children}
      {/* The last one, so that the focus begins at what is asked. */}
      <button type="button" class="plain close" aria-label="Close" onClick={onClose}>
        <span aria-hidden="true">✕</span>
      </button>
    </dialog>
  );
}

export interface ConfirmProps {
  title: string;
  /** What will happen. */
  children?: ComponentChildren;
  /** What the button says, such as `Delete`. */
  action: string;
  /** Has to be typed before it can be pressed. */
  typed?: string;
  isDangerous?: boolean;
  /** When it fails, the dialog says so and stays. */
  onConfirm: () => Promise<void>;
  onClose: () => void;
}

/** Asks before something happens, and closes once it has. */
export function Confirm(props: ConfirmProps): VNode {
  const { title, children, action, typed, isDangerous = false, onConfirm, onClose } = props;
  const given = useSignal('');
  const isBusy = useSignal(false);
  const trouble = useSignal<unknown>(undefined);
  const isReady = typed === undefined || given.value.trim() === typed;
  const submit = (event: Event): void => {
    event.preventDefault();
    if (!isReady || isBusy.value) return;
    isBusy.value = true;
    trouble.value = undefined;
    onConfirm()
      .then(onClose, (error: unknown) => (trouble.value = error))
      .finally(() => (isBusy.value = false));
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={submit}>
        {children}
        {typed !== undefined && (
          <label>
            <span>
              Type{' '}
              <code>
                <Text value={typed} />
              </code>{' '}
              to confirm
            </span>
            <input
              type="text"
              autocomplete="off"
              spellcheck={false}
              value={given.value}
              onInput={(event) => (given.value = event.currentTarget.value)}
            />
          </label>
        )}
        <Failure error={trouble.value} />
        <div class="buttons">
          <button type="button" onClick={onClose}>
            Go back
          </button>
          <button class={isDangerous ? 'danger' : 'main'} disabled={!isReady} aria-disabled={isBusy.value}>
            {isBusy.value ? `${action}…` : action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
