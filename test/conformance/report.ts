import type { CheckResult } from './runner.js';

/** The results by protocol section, with the reason of each failure; the last line is the count. */
export function reportOf(results: readonly CheckResult[]): string {
  const lines: string[] = [];
  for (const section of new Set(results.map((result) => result.section))) {
    const own = results.filter((result) => result.section === section);
    const passed = own.filter(({ outcome }) => outcome === 'passed').length;
    const skipped = own.filter(({ outcome }) => outcome === 'skipped').length;
    lines.push(
      '',
      `${section}: ${passed} of ${own.length - skipped} passed${skipped ? `, ${skipped} skipped` : ''}`,
    );
    for (const result of own) lines.push(...resultLines(result));
  }
  const passed = results.filter(({ outcome }) => outcome === 'passed').length;
  const failed = results.filter(({ outcome }) => outcome === 'failed').length;
  return [...lines, '', `${passed} passed, ${failed} failed`].join('\n');
}

function resultLines({ outcome, name, reason, durationMs }: CheckResult): string[] {
  if (outcome === 'passed') return [`  ok      ${name} (${durationMs} ms)`];
  if (outcome === 'skipped') return [`  skipped ${name}: ${reason}`];
  return [
    `  FAILED  ${name} (${durationMs} ms)`,
    ...(reason ?? '').split('\n').map((line) => `            ${line}`),
  ];
}
