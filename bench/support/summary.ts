import type { Finding, Row } from '../bench.js';

/** One table of all that matters, with the bars it has to reach. */
export function summary(reports: readonly { bench: string; findings: readonly Finding[] }[]): Row[] {
  return reports.flatMap(({ bench, findings }) =>
    findings.map((finding) => {
      const { measured, value, compared, bar, aim, atMost = false } = finding;
      return {
        bench,
        measured,
        value,
        compared,
        is: sign(bar, atMost),
        bar: bar ?? '',
        aim: aim ?? '',
        reached: reached(finding),
      };
    }),
  );
}

function sign(bar: number | undefined, atMost: boolean): string {
  if (bar === undefined) return '';
  return atMost ? '≤' : '≥';
}

function reached({ compared, bar, aim, atMost = false }: Finding): string {
  if (bar === undefined) return '';
  const reaches = (mark: number): boolean => (atMost ? compared <= mark : compared >= mark);
  if (aim !== undefined && reaches(aim)) return 'aim';
  return reaches(bar) ? 'bar' : 'no';
}
