import { signal } from '@preact/signals';
import type { ComponentType, VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { Failure } from './failure.js';

/** A page whose files are loaded when somebody goes there. */
export function lazy<Props extends object>(
  load: () => Promise<{ Page: ComponentType<Props> }>,
): (props: Props) => VNode {
  const page = signal<ComponentType<Props> | undefined>(undefined);
  const trouble = signal<unknown>(undefined);
  return function Lazy(props: Props): VNode {
    useEffect(() => {
      if (page.value) return;
      trouble.value = undefined;
      load().then(
        ({ Page }) => (page.value = Page),
        () => (trouble.value = new Error('This part of the page did not come. Load the page again.')),
      );
    }, []);
    const Page = page.value;
    if (Page) return <Page {...props} />;
    return trouble.value === undefined ? <p class="soft">…</p> : <Failure error={trouble.value} />;
  };
}
