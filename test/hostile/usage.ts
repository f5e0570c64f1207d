import { eventually } from '../support/eventually.js';

/** What an instance says of its bounds in its metrics. */
export async function usage(url: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const rows = text.matchAll(/^runstream_in_use\{bound="(\w+)"\} (\d+)/gm);
  return Object.fromEntries(Array.from(rows, ([, name = '', value]) => [name, Number(value)]));
}

/** Waits until nothing is taken any more. */
export async function untilNothingIsTaken(url: string): Promise<void> {
  await eventually('nothing is taken of any bound', async () =>
    Object.values(await usage(url)).every((amount) => amount === 0),
  );
}

/** Waits until so much is taken of a bound. */
export async function untilTaken(url: string, bound: string, amount: number): Promise<void> {
  await eventually(`${amount} ${bound} are taken`, async () => ((await usage(url))[bound] ?? 0) >= amount);
}
