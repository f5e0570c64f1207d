import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { configOf, documentsOf, filesOf, unknownSettings } from './deploy-files.js';

interface Container {
  image: string;
  ports: { name: string; containerPort: number }[];
  env: { name: string; value: string }[];
  envFrom: { configMapRef?: { name: string }; secretRef?: { name: string } }[];
  lifecycle: { preStop: { exec: { command: string[] } } };
  resources: { requests?: Record<string, string>; limits?: Record<string, string> };
  securityContext: Record<string, unknown>;
  volumeMounts: { name: string; mountPath: string }[];
}

type Probe = Record<
  'startupProbe' | 'livenessProbe' | 'readinessProbe',
  { httpGet: { path: string; port: string } }
>;

/** What these tests read of a manifest; that it has no other form is the schema's to say. */
interface Manifest {
  kind: string;
  metadata: { name: string; labels?: Record<string, string> };
  data?: Record<string, string>;
  stringData?: Record<string, string>;
  spec: {
    selector: { matchLabels: Record<string, string> };
    scaleTargetRef: { name: string; kind: string };
    metrics: { pods?: { metric: { name: string } }; external?: { metric: { name: string } } }[];
    maxUnavailable?: number;
    ports: { targetPort: string }[];
    ingress?: { ports: { port: string | number }[] }[];
    template: {
      metadata: { labels: Record<string, string> };
      spec: {
        terminationGracePeriodSeconds: number;
        securityContext: Record<string, unknown>;
        containers: (Container & Probe)[];
        volumes: { name: string }[];
      };
    };
  };
}

const { kinds, definitions } = JSON.parse(
  readFileSync(new URL('kubernetes/kinds.json', import.meta.url), 'utf8'),
) as { kinds: Record<string, { $ref: string }>; definitions: object };
const ajv = new Ajv({ strict: false }).addSchema({ $id: 'kubernetes', definitions });

/** What is wrong with a manifest, by Kubernetes' own schema. */
function problemsOf(manifest: unknown): string[] {
  const { kind } = manifest as Manifest;
  const validate = Object.hasOwn(kinds, kind) && ajv.getSchema(`kubernetes${kinds[kind]?.$ref}`);
  if (!validate) return [`kind ${kind} is not in kinds.json`];
  if (validate(manifest)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

const files = filesOf('kubernetes/', '.yaml');
const manifests = files.flatMap((file) => documentsOf(file)) as Manifest[];
const all = (kind: string) => manifests.filter((manifest) => manifest.kind === kind);
const named = (kind: string, name: string) => all(kind).find(({ metadata }) => metadata.name === name);
const podLabels = (deployment: Manifest) => deployment.spec.template.metadata.labels;
const matches = (labels: Record<string, string>, selector: Record<string, string>) =>
  Object.entries(selector).every(([name, value]) => labels[name] === value);

function environmentOf({ envFrom, env }: Container): Record<string, string> {
  const from = envFrom.map(({ configMapRef, secretRef }) =>
    configMapRef
      ? named('ConfigMap', configMapRef.name)?.data
      : named('Secret', secretRef?.name ?? '')?.stringData,
  );
  for (const source of from) expect(source).toBeDefined();
  return Object.assign(
    {},
    ...from,
    Object.fromEntries(env.map(({ name, value }) => [name, value])),
  ) as Record<string, string>;
}

describe('the schema of Kubernetes', () => {
  const good = () => structuredClone(named('Deployment', 'runstream-api')!);
  const broken = (change: (manifest: Manifest) => void) => {
    const manifest = good();
    change(manifest);
    return problemsOf(manifest).join('\n');
  };

  it('refuses a misspelt field, a wrong type, a field that is missing, and an API that is not there', () => {
    expect(problemsOf(good())).toEqual([]);
    expect(
      broken(({ spec }) => Object.assign(spec.template.spec, { terminationGracePeriodSecond: 40 })),
    ).toContain('terminationGracePeriodSecond');
    expect(
      broken(({ spec }) => Object.assign(spec.template.spec.containers[0]!, { readinesProbe: {} })),
    ).toContain('readinesProbe');
    expect(broken(({ spec }) => Object.assign(spec, { replicas: 'two' }))).toContain('must be integer');
    expect(broken(({ spec }) => delete (spec as Partial<Manifest['spec']>).selector)).toContain('selector');
    expect(broken((manifest) => Object.assign(manifest, { apiVersion: 'apps/v1beta1' }))).toContain(
      'apiVersion',
    );
  });
});

describe('deploy/kubernetes', () => {
  it.each(files)('T296 %s has only fields that Kubernetes knows', (file) => {
    const documents = documentsOf(file);
    expect(documents.length).toBeGreaterThan(0);
    for (const document of documents) expect(problemsOf(document)).toEqual([]);
  });

  it('has no Redis and no image but those of the service', () => {
    const images = all('Deployment').flatMap(({ spec }) =>
      spec.template.spec.containers.map(({ image }) => image),
    );
    expect(images).toEqual(['runstream:latest', 'runstream-workers:latest']);
    expect([...new Set(manifests.map(({ kind }) => kind))]).not.toContain('StatefulSet');
  });

  describe.each(all('Deployment').map((deployment) => [deployment.metadata.name, deployment] as const))(
    '%s',
    (name, deployment) => {
      const pod = deployment.spec.template.spec;
      const [container] = pod.containers as [Container & Probe];
      const config = configOf(environmentOf(container));

      it('T295 is given names that are settings, and values that the service takes', () => {
        expect(unknownSettings(environmentOf(container))).toEqual([]);
        expect(config).toMatchObject({
          production: true,
          auth: { mode: 'api-key' },
          executors: { enabled: name === 'runstream-workers' },
          consumer: { enabled: name === 'runstream-workers' },
        });
        expect(config.redis.cluster?.nodes.length).toBeGreaterThan(0);
      });

      it('names the ports that the service listens on, and asks at them for its health', () => {
        expect(container.ports).toEqual([
          { name: 'http', containerPort: config.port },
          { name: 'metrics', containerPort: config.http.metricsPort },
        ]);
        expect(container.livenessProbe.httpGet).toEqual({ path: '/health/live', port: 'http' });
        expect(container.startupProbe.httpGet).toEqual({ path: '/health/live', port: 'http' });
        expect(container.readinessProbe.httpGet).toEqual({ path: '/health/ready', port: 'http' });
      });

      it('has longer to stop than the pause before it and the shutdown take', () => {
        const [program, seconds] = container.lifecycle.preStop.exec.command;
        expect(program).toBe('sleep');
        expect(pod.terminationGracePeriodSeconds).toBe(40);
        expect(Number(seconds) + config.http.shutdownTimeoutMs / 1000).toBeLessThan(40);
      });

      it('runs as an ordinary user on a file system that is not written to, with bounds', () => {
        expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 });
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(Object.keys(container.resources.requests ?? {})).toEqual(['cpu', 'memory']);
        expect(container.resources.limits).toHaveProperty('memory');
        expect(container.volumeMounts.map((mount) => mount.name)).toEqual(
          pod.volumes.map((volume) => volume.name),
        );
      });

      it('is what its selector, its budget and its autoscaler mean', () => {
        const labels = podLabels(deployment);
        expect(deployment.spec.selector.matchLabels).toEqual(labels);
        const budget = named('PodDisruptionBudget', name);
        expect(budget?.spec).toEqual({ maxUnavailable: 1, selector: { matchLabels: labels } });
        const scaler = named('HorizontalPodAutoscaler', name);
        expect(scaler?.spec.scaleTargetRef).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', name });
      });
    },
  );

  it('has a service and a policy that let clients reach those that serve, and nobody else', () => {
    const [service] = all('Service');
    const selector = service!.spec.selector as unknown as Record<string, string>;
    const reached = all('Deployment').filter((deployment) => matches(podLabels(deployment), selector));
    expect(reached.map(({ metadata }) => metadata.name)).toEqual(['runstream-api']);
    const open = all('NetworkPolicy').flatMap(({ metadata, spec }) =>
      (spec.ingress ?? []).flatMap(({ ports }) => ports.map(({ port }) => `${metadata.name} ${port}`)),
    );
    expect(open.sort()).toEqual(['runstream metrics', 'runstream-api http']);
  });

  it('scales by two metrics, each of which the adapter has a rule for', () => {
    const wanted = all('HorizontalPodAutoscaler').flatMap(({ spec }) =>
      spec.metrics.flatMap(({ pods, external }) => pods?.metric.name ?? external?.metric.name ?? []),
    );
    expect(wanted).toEqual(['runstream_open_streams', 'runstream_group_lag']);
    const rules = parse(named('ConfigMap', 'runstream-metrics-adapter')?.data?.['config.yaml'] ?? '') as {
      rules: { seriesQuery: string }[];
      externalRules: { seriesQuery: string }[];
    };
    const series = [...rules.rules, ...rules.externalRules].map(
      ({ seriesQuery }) => /^\w+/.exec(seriesQuery)?.[0],
    );
    expect(series).toEqual(wanted);
  });
});
