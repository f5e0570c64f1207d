import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { readFileSync } from 'node:fs';
import { EventHandler, type Handler, HandlerResult, RunstreamModule } from '../../src/internal.js';
import { eventually } from '../support/eventually.js';
import { type RedisServer, startRedis } from '../support/redis.js';
import { DEPLOY } from './deploy-files.js';
interface Panel {
  id: number;
  type: string;
  title?: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  fieldConfig?: { defaults?: { unit?: string } };
  targets?: { expr: string }[];
}

@EventHandler({ group: 'metered', types: ['log.*'], from: 'start' })
class Metered implements Handler {
  async handle(): Promise<HandlerResult> {
    return HandlerResult.success();
  }
}

@Module({ imports: [], providers: [Metered] })
class ToyModule {}

const read = (name: string) => readFileSync(new URL(name, DEPLOY), 'utf8');
const dashboard = JSON.parse(read('grafana/runstream.json')) as { panels: Panel[] };
const panels = dashboard.panels.filter(({ type }) => type !== 'row');

/** Names in queries; the dashboard and the adapter have them in what they are otherwise too. */
const named = (text: string) => [
  ...new Set(text.match(/\b(runstream|process|nodejs)_[a-z_]+[a-z]\b/g) ?? []),
];

describe('metrics that deploy/ names', () => {
  let redis: RedisServer;
  let app: INestApplication;
  const exposed = new Set<string>();

  beforeAll(async () => {
    redis = await startRedis();
    app = await NestFactory.create(
      {
        module: ToyModule,
        imports: [
          RunstreamModule.forRoot({
            redis: { url: redis.url },
            routes: { metrics: true },
            metrics: { processMetrics: true },
          }),
        ],
      },
      { logger: false },
    );
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();
    // Those of groups are there once the group was looked at.
    await eventually('the group has metrics', async () => {
      const text = await (await fetch(`${url}/metrics`)).text();
      for (const [, name = '', type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
        exposed.add(name);
        if (type === 'histogram')
          for (const part of ['bucket', 'sum', 'count']) exposed.add(`${name}_${part}`);
      }
      return exposed.has('runstream_group_lag');
    });
  });

  afterAll(async () => {
    await app.close();
    await redis.stop();
  });

  it.each([
    [
      'deploy/grafana/runstream.json',
      panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)).join('\n'),
    ],
    ['deploy/prometheus/rules.yml', read('prometheus/rules.yml').replaceAll(/name: .*/g, '')],
    ['deploy/kubernetes/metrics-adapter.yaml', read('kubernetes/metrics-adapter.yaml')],
  ])('T297 %s asks only for what the service has', (_, text) => {
    const names = named(text);
    expect(names.length).toBeGreaterThan(1);
    expect(names.filter((name) => !exposed.has(name))).toEqual([]);
  });
});

describe('deploy/grafana/runstream.json', () => {
  it('says of each panel what it is, in which unit, and where it stands alone', () => {
    expect(panels.length).toBeGreaterThan(15);
    for (const { title, description, fieldConfig, targets } of panels) {
      expect(title).toMatch(/\S/);
      expect([title, description]).toEqual([title, expect.stringMatching(/\.$/)]);
      expect([title, fieldConfig?.defaults?.unit]).toEqual([title, expect.stringMatching(/\S/)]);
      expect(targets?.length).toBeGreaterThan(0);
    }
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const a of dashboard.panels) {
      for (const b of dashboard.panels) {
        const [p, q] = [a.gridPos, b.gridPos];
        const isOver = p.x < q.x + q.w && q.x < p.x + p.w && p.y < q.y + q.h && q.y < p.y + p.h;
        expect([a.title, b.title, isOver]).toEqual([a.title, b.title, a === b]);
      }
    }
  });
});
