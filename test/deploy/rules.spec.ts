import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { documentsOf } from './deploy-files.js';

interface Rule {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string; runbook: string };
}

const [{ groups }] = documentsOf('prometheus/rules.yml') as [{ groups: { rules: Rule[] }[] }];
const rules = groups.flatMap((group) => group.rules);
const headings = readFileSync('docs/runbook.md', 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('## '))
  .map((line) =>
    line
      .slice(3)
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );

describe('deploy/prometheus/rules.yml', () => {
  it.each(rules.map((rule) => [rule.alert, rule] as const))(
    '%s leads to what to do, and says how bad it is',
    (_, { annotations, labels }) => {
      const [file, section] = annotations.runbook.split('#');
      expect(file).toBe('docs/runbook.md');
      expect(headings).toContain(section);
      expect(annotations.summary).toMatch(/\.$/);
      expect(labels.severity).toMatch(/^(critical|warning|info)$/);
    },
  );

  it('has an alert for each of what an operator must know, each with a test', () => {
    const tested = readFileSync(new URL('../../deploy/prometheus/rules.test.yml', import.meta.url), 'utf8');
    expect(rules.length).toBeGreaterThanOrEqual(9);
    for (const { alert } of rules) {
      // Once where it must come, and once where it must not.
      expect([alert, tested.includes(`alertname: ${alert}\n        exp_alerts:`)]).toEqual([alert, true]);
      expect([alert, tested.includes(`alertname: ${alert} }`)]).toEqual([alert, true]);
    }
  });
});
