import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Service, startMain, startService } from '../support/service.js';
import { type OtlpReceiver, startOtlpReceiver } from './otlp-receiver.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const SDK = /node_modules\/@opentelemetry\/(?!api\/)/;

/** Says at the exit which modules of the SDK were loaded. */
const TELL_MODULES = `--import=data:text/javascript,${encodeURIComponent(
  `import Module from 'node:module';
   process.on('exit', () => {
     const names = Object.keys(Module._cache).filter((name) => ${SDK}.test(name));
     console.log('SDK modules: ' + names.length);
   });`,
)}`;

describe('The service', () => {
  const cleanUps: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });

  const receiver = async (): Promise<OtlpReceiver> => {
    const started = await startOtlpReceiver();
    cleanUps.push(() => started.close());
    return started;
  };
  const start = async (env: NodeJS.ProcessEnv): Promise<Service> => {
    const folder = await mkdtemp(join(tmpdir(), 'runstream-test-'));
    cleanUps.push(() => rm(folder, { recursive: true }));
    const commands = join(folder, 'commands.json');
    const argv = [process.execPath, '-e', 'console.log(process.env.TRACEPARENT)'];
    await writeFile(commands, JSON.stringify({ tell: { argv } }), { mode: 0o600 });
    const service = await startService({ COMMANDS_FILE: commands, NODE_OPTIONS: TELL_MODULES, ...env });
    cleanUps.push(() => service.stop());
    return service;
  };
  /** Runs the command to its end; gives what it was told of the trace. */
  const execute = async ({ url }: Service): Promise<string> => {
    const response = await fetch(`${url}/runs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent: `00-${TRACE}-${SPAN}-01` },
      body: '{"executor":"command","task":"x","input":{"command":"tell"}}',
    });
    const { id } = (await response.json()) as { id: string };
    const run = (await (await fetch(`${url}/runs/${id}?wait_seconds=60`)).json()) as object;
    expect(run).toMatchObject({ status: 'completed' });
    const page = await fetch(`${url}/runs/${id}/events?type=log.stdout`);
    const { events } = (await page.json()) as { events: { data: { line: string } }[] };
    return events[0]?.data.line ?? '';
  };
  const modulesLoaded = async ({ child }: Service): Promise<number> =>
    Number(/\d+$/.exec(await child.line(/SDK modules: \d+$/))?.[0]);

  it('sends its spans to a collector, the last ones when it stops', async () => {
    const { url, spans } = await receiver();
    const service = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_BSP_SCHEDULE_DELAY: '3600000' });
    const told = await execute(service);
    expect(spans).toEqual([]);
    expect(await service.stop()).toBe(0);
    expect(spans).toEqual([
      {
        name: 'execute command',
        traceId: TRACE,
        spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
        parentSpanId: SPAN,
        service: 'runstream',
      },
    ]);
    expect(told).toBe(`00-${TRACE}-${spans[0]?.spanId}-01`);
    expect(await modulesLoaded(service)).toBeGreaterThan(0);
  });

  it('sends them while it runs, under the name that it is given', async () => {
    const { url, spans } = await receiver();
    const service = await start({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${url}/v1/traces`,
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
      OTEL_SERVICE_NAME: 'deliveries',
    });
    await execute(service);
    expect(await service.stop()).toBe(0);
    expect(spans).toMatchObject([{ traceId: TRACE, service: 'deliveries' }]);
  });

  it('stops in time and in order when the collector does not answer', async () => {
    const collector = await receiver();
    collector.freeze();
    const service = await start({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_BSP_SCHEDULE_DELAY: '3600000',
      OTEL_EXPORTER_OTLP_TIMEOUT: '3600000',
    });
    await execute(service);
    expect(await service.stop()).toBe(0);
    expect(service.child.lines.join('\n')).not.toContain('Not stopped within');
  });

  it('says that they can not be sent, and goes on', async () => {
    const service = await start({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
      OTEL_EXPORTER_OTLP_TIMEOUT: '200',
      OTEL_BSP_SCHEDULE_DELAY: '100',
    });
    await execute(service);
    await service.child.line(/WARN.*Traces/);
    await execute(service);
    expect(await service.stop()).toBe(0);
  });

  it('loads nothing of it without an address', async () => {
    const service = await start({});
    expect(await execute(service)).toBe(`00-${TRACE}-${SPAN}-01`);
    expect(await service.stop()).toBe(0);
    expect(await modulesLoaded(service)).toBe(0);
  });

  it('does not start with an address that is none, and does not print it', async () => {
    const env = { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: 'collector-and-secret:4317' };
    const child = startMain({ env });
    expect(await child.line(/OTEL_EXPORTER_OTLP_ENDPOINT is not an address/)).not.toContain('secret');
    expect(await child.exit()).toBe(1);
  });
});
