import { signal } from '@preact/signals';

/** How what the page shows comes: a sign, and the same in words. */
export interface PageState {
  sign: '●' | '◔' | '◌' | '▲' | '■' | '✕';
  text: string;
}

/** Stands in the frame; undefined where nothing is live. Set by a page, and taken away when it is left. */
export const pageState = signal<PageState | undefined>(undefined);

/** What the page is about, for its title; undefined: what there is to look at, everywhere. Set as the state is. */
export const pageTitle = signal<string | undefined>(undefined);
