import { computed, signal } from '@preact/signals';
import { serviceNow } from '../service/clock.js';

let timer: ReturnType<typeof setInterval> | undefined;
const tick = (): void => {
  if (!document.hidden) now.value = serviceNow();
};

/** The time by the service's clock, in ms since 1970: every second, while the page is looked at and shows something of it. */
export const now = signal(serviceNow(), {
  watched: () => {
    tick();
    timer = setInterval(tick, 1000);
  },
  unwatched: () => clearInterval(timer),
});

/** The same to 10 seconds, for what changes slowly. */
export const coarseNow = computed(() => Math.floor(now.value / 10_000) * 10_000);
