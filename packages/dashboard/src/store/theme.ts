import { effect, signal } from '@preact/signals';

export type Theme = 'auto' | 'light' | 'dark';

const NAME = 'runstream-theme';
const ORDER: readonly Theme[] = ['auto', 'light', 'dark'];

/** How the page looks; `auto` is as the system does. It is all that this page keeps in a browser. */
export const theme = signal<Theme>(read());

effect(() => {
  const { value } = theme;
  if (value === 'auto') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = value;
});

export function nextTheme(): void {
  theme.value = ORDER[(ORDER.indexOf(theme.value) + 1) % ORDER.length] ?? 'auto';
  try {
    localStorage.setItem(NAME, theme.value);
  } catch {
    // Where nothing may be kept it lasts as long as the page does.
  }
}

function read(): Theme {
  try {
    const kept = localStorage.getItem(NAME);
    return ORDER.find((one) => one === kept) ?? 'auto';
  } catch {
    return 'auto';
  }
}
