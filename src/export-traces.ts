import { Logger } from '@nestjs/common';
import { diag, DiagLogLevel } from '@opentelemetry/api';
import { errorText, pause } from './common/index.js';
import { ConfigError, type TracesConfig } from './config/index.js';

/** Spans of this process on their way to a collector. */
export interface TraceExport {
  /** Sends what is left, for so many milliseconds at most. Never rejects: a collector that is away is logged. */
  stop(withinMs: number): Promise<void>;
}

/**
 * Gives the service an SDK, which sends its spans as OTLP over HTTP. Its packages are loaded here and nowhere else, and
 * read the other variables of OpenTelemetry themselves: headers, sampler, limits.
 *
 * @throws ConfigError
 */
export async function exportTraces({ endpoint, serviceName }: TracesConfig): Promise<TraceExport> {
  // The value is never printed: it may hold a password.
  if (!URL.canParse(endpoint.value) || !/^https?:$/.test(new URL(endpoint.value).protocol))
    throw new ConfigError([`${endpoint.variable} is not an address: set it to http://collector:4318.`]);
  const { BatchSpanProcessor, NodeTracerProvider, OTLPTraceExporter, resources } = await loadSdk(
    endpoint.variable,
  );
  const logger = new Logger('Traces');
  diag.setLogger(
    { error: log, warn: nothing, info: nothing, debug: nothing, verbose: nothing },
    DiagLogLevel.ERROR,
  );
  function log(message: string): void {
    logger.warn(message);
  }
  const provider = new NodeTracerProvider({
    resource: resources
      .defaultResource()
      .merge(resources.resourceFromAttributes({ 'service.name': serviceName }))
      .merge(resources.detectResources({ detectors: [resources.envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  provider.register();
  return {
    stop: async (withinMs) => {
      const enough = new AbortController();
      const sent = provider.shutdown().catch((error: unknown) => {
        log(`The last spans were not sent: ${errorText(error)}`);
      });
      await Promise.race([sent, pause(withinMs, enough.signal)]);
      enough.abort();
    },
  };
}

const nothing = (): void => undefined;

async function loadSdk(variable: string) {
  try {
    const [sdk, exporter, resources] = await Promise.all([
      import('@opentelemetry/sdk-trace-node'),
      import('@opentelemetry/exporter-trace-otlp-proto'),
      import('@opentelemetry/resources'),
    ]);
    return { ...sdk, ...exporter, resources };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new ConfigError([
      `${variable} is set, and what sends spans is not installed: install with \`npm ci\`, without --omit=dev, or unset it.`,
    ]);
  }
}
