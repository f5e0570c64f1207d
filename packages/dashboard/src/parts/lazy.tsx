import { signal } from '@preact/signals';
import type { ComponentType, VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { Failure } from './failure.js';

/** A page whose files are loaded when somebody goes there, or is about to. */
export interface LazyPage<Props> {
  (props: Props): VNode;
  /** Loads them now. */
  preload(): void;
}

export function lazy<Props extends object>(
  load: () => Promise<{ Page: ComponentType<Props> }>,
): LazyPage<Props> {
  const page = signal<ComponentType<Props> | undefined>(undefined);
  const trouble = signal<unknown>(undefined);
  const preload = (): void => {
    trouble.value = undefined;
    load().then(
      ({ Page }) => (page.value = Page),
      () => (trouble.value = new Error('This part of the page did not come. Load the page again.')),
    );
  };
  const Lazy = (props: Props): VNode => {
    useEffect(() => {
      if (!page.value) preload();
    }, []);
    const Page = page.value;
    if (Page) return <Page {...props} />;
    return trouble.value === undefined ? <p class="soft">…</p> : <Failure error={trouble.value} />;
  };
  return Object.assign(Lazy, { preload });
}
