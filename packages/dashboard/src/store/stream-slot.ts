/** Browsers open six connections to an origin over HTTP/1.1, all tabs together; two are left for everything else. */
const SLOTS = 4;

export interface Slot {
  release(): void;
}

/**
 * One of the streams that all tabs of this browser share. Undefined when none is free. Where a browser has no locks, as on
 * plain HTTP beyond this machine, each tab takes what it wants.
 */
export async function takeSlot(): Promise<Slot | undefined> {
  if (!('locks' in navigator)) return { release: () => undefined };
  for (let number = 0; number < SLOTS; number++) {
    const slot = await take(`runstream-stream-${number}`);
    if (slot) return slot;
  }
  return undefined;
}

function take(name: string): Promise<Slot | undefined> {
  return new Promise((resolve, reject) => {
    const held = navigator.locks.request(name, { ifAvailable: true }, (lock) => {
      if (!lock) return resolve(undefined);
      // The lock lasts as long as this promise does.
      return new Promise<void>((release) => resolve({ release }));
    });
    held.catch(reject);
  });
}
