import { computed, signal } from '@preact/signals';

let timer: ReturnType<typeof setInterval> | undefined;
const tick = (): void => {
  if (!document.hidden) now.value = Date.now();
};

/** The time, in ms since 1970: every second, while the page is looked at and shows something of it. */
export const now = signal(Date.now(), {
  watched: () => {
    tick();
    timer = setInterval(tick, 1000);
  },
  unwatched: () => clearInterval(timer),
});

/** The same to 10 seconds, for what changes slowly. */
export const coarseNow = computed(() => Math.floor(now.value / 10_000) * 10_000);
