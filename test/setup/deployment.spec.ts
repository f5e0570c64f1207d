import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';

/** There may be no Docker where the tests run: these hold what is easily lost when the files are edited. */
const compose = readFileSync('docker-compose.yml', 'utf8');
const dockerfile = readFileSync('Dockerfile', 'utf8');

describe('docker-compose.yml', () => {
  it('runs a Redis that keeps its data and evicts nothing', () => {
    const command = JSON.parse(
      (/command: (\[.*\])/.exec(compose)?.[1] ?? '[]').replaceAll("'", '"'),
    ) as string[];
    expect(command.join(' ')).toContain('--appendonly yes');
    expect(command.join(' ')).toContain('--maxmemory-policy noeviction');
    expect(compose).toMatch(/- redis-data:\/data$/m);
  });

  it('starts the service when Redis is healthy, and opens it on this machine only', () => {
    expect(compose).toMatch(/REDIS_URL: redis:\/\/redis:6379/);
    expect(compose).toMatch(/condition: service_healthy/);
    expect(compose).toMatch(/- '127\.0\.0\.1:3000:3000'/);
  });
});

describe('Dockerfile', () => {
  const stages = dockerfile.split(/^FROM /m).slice(1);
  const final = stages.at(-1) ?? '';

  it('leaves the tools of the build out of the image', () => {
    expect(stages.length).toBeGreaterThan(1);
    expect(final).not.toMatch(/npm (ci|install)/);
    expect(dockerfile).toMatch(/npm ci --omit=dev/);
  });

  it('has what sends spans, which is none of its dependencies', () => {
    const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
      packages: Record<string, { dependencies?: object }>;
    };
    const needed = new Set<string>();
    const need = (name: string): void => {
      if (needed.has(name)) return;
      needed.add(name);
      for (const next of Object.keys(packages[`node_modules/${name}`]?.dependencies ?? {})) need(next);
    };
    for (const name of ['sdk-trace-node', 'exporter-trace-otlp-proto', 'resources'])
      need(`@opentelemetry/${name}`);
    expect([...needed].filter((name) => !name.startsWith('@opentelemetry/'))).toEqual([]);
    expect(final).toContain('/app/node_modules/@opentelemetry ./node_modules/@opentelemetry');
  });

  it('runs as an ordinary user, as the first process, with a health check', () => {
    expect(final).toMatch(/^USER node$/m);
    expect(final).toMatch(/^CMD \["node", "dist\/main\.js"\]$/m);
    expect(final).toMatch(/^HEALTHCHECK [\s\S]*health\/ready/m);
  });
});
