/** Something that set-up cannot get past: its message is the one sentence that a user sees. */
export class SetupError extends Error {}

/** Goes to stderr, so that what a script prints on stdout stays its own. */
export function say(line) {
  process.stderr.write(`setup: ${line}\n`);
}
