/** Prints a figure of a proof: as a plain line, since jest's console adds a stack to each. */
export function report(line: string): void {
  process.stdout.write(`  ${line}\n`);
}
