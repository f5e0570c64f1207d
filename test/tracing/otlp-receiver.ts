import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** A span as it came over the wire. */
export interface SentSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId: string;
  /** `service.name` of its resource. */
  service: string;
}

/** Takes OTLP over HTTP, as a collector does (https://opentelemetry.io/docs/specs/otlp/#otlphttp). */
export interface OtlpReceiver {
  readonly url: string;
  readonly spans: readonly SentSpan[];
  /** Answers nothing from now on. */
  freeze(): void;
  close(): Promise<void>;
}

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: SentSpan[] = [];
  let isFrozen = false;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (isFrozen) return;
      const bytes = Buffer.concat(chunks);
      if (request.url === '/v1/traces')
        spans.push(...spansOf(request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes));
      response.setHeader('content-type', 'application/x-protobuf').end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    freeze: () => {
      isFrozen = true;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** ExportTraceServiceRequest of opentelemetry/proto/collector/trace/v1, by the numbers of its fields. */
function spansOf(request: Buffer): SentSpan[] {
  return all(request, 1).flatMap((resourceSpans) => {
    const service = all(resourceSpans, 1)
      .flatMap((resource) => all(resource, 1))
      .filter((attribute) => text(attribute, 1) === 'service.name')
      .map((attribute) => text(all(attribute, 2)[0] ?? Buffer.alloc(0), 1))[0];
    return all(resourceSpans, 2)
      .flatMap((scopeSpans) => all(scopeSpans, 2))
      .map((span) => ({
        name: text(span, 5),
        traceId: hex(span, 1),
        spanId: hex(span, 2),
        parentSpanId: hex(span, 4),
        service: service ?? '',
      }));
  });
}

const text = (message: Buffer, field: number): string => all(message, field)[0]?.toString() ?? '';
const hex = (message: Buffer, field: number): string => all(message, field)[0]?.toString('hex') ?? '';

/** The values of a field that is given with its length (https://protobuf.dev/programming-guides/encoding/). */
function all(message: Buffer, field: number): Buffer[] {
  const found: Buffer[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let weight = 1; ; weight *= 128) {
      const byte = message[at++] ?? 0;
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const kind = tag & 7;
    if (kind === 0) varint();
    else if (kind === 1) at += 8;
    else if (kind === 5) at += 4;
    else {
      const length = varint();
      if (Math.floor(tag / 8) === field) found.push(message.subarray(at, at + length));
      at += length;
    }
  }
  return found;
}
