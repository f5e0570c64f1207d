import { describe, expect, it } from '@jest/globals';
import { type Compose, environmentOf, filled, type Service } from './compose-file.js';
import { configOf, documentsOf, unknownSettings } from './deploy-files.js';

const FILES = ['compose.sentinel.yml', 'compose.cluster.yml'];

describe.each(FILES)('deploy/%s', (file) => {
  const [compose] = documentsOf(file) as [Compose];
  const services = Object.entries(compose.services);
  const commandOf = ({ command = [] }: Service) => command.map(filled).join(' ');
  const own = services.filter(([, { build }]) => build !== undefined);
  const servers = services.filter(([name, { restart }]) => name !== 'runstream' && restart !== 'no');
  const portOf = (service: Service) => /port "?(\d+)/.exec(commandOf(service))?.[1];

  it('T295 gives the service names that are settings, and values that it takes', () => {
    expect(own.map(([name]) => name)).toEqual(['runstream']);
    for (const [, service] of own) {
      expect(unknownSettings(environmentOf(service))).toEqual([]);
      const { redis } = configOf(environmentOf(service));
      expect(redis.options).toMatchObject({ password: 'value-of-REDIS_PASSWORD' });
    }
  });

  it('T295 sends it to servers that are there, at the ports that they listen on', () => {
    const { redis } = configOf(environmentOf(own[0]![1]));
    const addresses = [...(redis.options?.sentinels ?? []), ...(redis.cluster?.nodes ?? [])];
    expect(addresses.length).toBeGreaterThanOrEqual(3);
    for (const { host, port } of addresses) {
      expect([host, portOf(compose.services[host] ?? {})]).toEqual([host, String(port)]);
    }
  });

  it('waits only for services that are there and can be in that state', () => {
    for (const [name, { depends_on: needs = {} }] of services) {
      for (const [needed, { condition }] of Object.entries(needs)) {
        const service = compose.services[needed];
        expect([name, needed, service !== undefined]).toEqual([name, needed, true]);
        if (condition === 'service_healthy') expect(service?.healthcheck).toBeDefined();
        else expect([condition, service?.restart]).toEqual(['service_completed_successfully', 'no']);
      }
    }
  });

  it('asks each server for its health at the port that it listens on', () => {
    for (const [, service] of servers)
      expect(service.healthcheck?.test.join(' ')).toContain(`-p ${portOf(service)} ping`);
  });

  it('keeps what servers hold: a volume of its own each, an append-only file, and no eviction', () => {
    const mounted = servers.flatMap(([, { volumes = [] }]) => volumes.map((each) => each.split(':')[0]!));
    expect(mounted).toHaveLength(servers.length);
    expect(mounted.sort()).toEqual(Object.keys(compose.volumes).sort());
    const stores = servers.filter(([name]) => !name.startsWith('sentinel'));
    expect(stores.length).toBeGreaterThanOrEqual(3);
    for (const [, service] of stores) {
      expect(commandOf(service)).toMatch(/appendonly "?yes/);
      expect(commandOf(service)).toMatch(/maxmemory-policy "?noeviction/);
      expect(commandOf(service)).toMatch(/min-replicas-to-write "?1/);
    }
  });

  it('has no password in it, and does not start without one', () => {
    const secrets = services.flatMap(([, { environment = {} }]) =>
      Object.entries(environment).filter(([name]) => /PASSWORD|AUTH/.test(name) && !name.startsWith('ALLOW')),
    );
    expect(secrets.length).toBeGreaterThan(1);
    for (const [, value] of secrets) expect(value).toMatch(/^\$\{\w+:\?[^}]+\}$/);
  });

  it('runs the service twice, on this machine only, and gives it longer to stop than it takes', () => {
    const [, service] = own[0]!;
    expect(service.deploy?.replicas).toBe(2);
    expect(service.ports).toEqual(['127.0.0.1:3000-3001:3000']);
    const graceMs = Number(/^(\d+)s$/.exec(service.stop_grace_period ?? '')?.[1]) * 1000;
    expect(graceMs).toBeGreaterThan(configOf(environmentOf(service)).http.shutdownTimeoutMs);
  });
});

describe('deploy/compose.sentinel.yml', () => {
  const [{ services }] = documentsOf('compose.sentinel.yml') as [Compose];

  it('has three Sentinels that watch the master by the name that the service asks for', () => {
    const sentinels = Object.entries(services).filter(([name]) => name.startsWith('sentinel'));
    expect(sentinels).toHaveLength(3);
    const name = services['runstream']?.environment?.['REDIS_SENTINEL_NAME'];
    for (const [own, { command, environment }] of sentinels) {
      expect(environment?.['NAME']).toBe(own);
      const [, watched, host, port, quorum] =
        /sentinel monitor (\S+) (\S+) (\d+) (\d+)/.exec(command?.join(' ') ?? '') ?? [];
      expect([watched, port, quorum]).toEqual([name, '6379', '2']);
      expect(services[host!]).toBeDefined();
    }
  });
});

describe('deploy/compose.cluster.yml', () => {
  const [{ services }] = documentsOf('compose.cluster.yml') as [Compose];
  const nodes = Object.entries(services).filter(([name]) => name.startsWith('node-'));

  it('makes the cluster of exactly the nodes that there are', () => {
    const addresses = nodes.map(([, { networks }]) =>
      Array.isArray(networks) ? '' : `${networks?.['nodes']?.ipv4_address}:6379`,
    );
    expect(addresses).toHaveLength(6);
    const command = services['cluster-init']?.command?.join(' ') ?? '';
    const create = /--cluster create[^]*?(?=\n\s*fi)/.exec(command)?.[0] ?? '';
    expect(create.match(/[\d.]+:\d+/g)).toEqual(addresses);
    expect(create).toContain('--cluster-replicas 1');
    expect(Object.keys(services['cluster-init']?.depends_on ?? {})).toEqual(nodes.map(([name]) => name));
  });
});
