/** For routes without query parameters: whatever is sent is refused by name. */
// eslint-disable-next-line @typescript-eslint/no-extraneous-class -- that it is empty is its meaning
export class NoQuery {}
