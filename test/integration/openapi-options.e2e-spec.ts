import { describe, expect, it } from '@jest/globals';
import { VersioningType } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { createDocument } from '../../src/http/index.js';
import type { RunstreamOptions } from '../../src/runstream-options.js';
import { startApplication } from '../support/application.js';
import { OpenApiDocument } from '../support/openapi.js';

/** The document of an application with these options; it is asked for nothing else. */
async function documentOf(
  options: Partial<RunstreamOptions>,
  configure?: (app: NestExpressApplication) => void,
): Promise<OpenApiDocument> {
  const application = await startApplication(options, configure && { configure });
  try {
    return OpenApiDocument.from(createDocument(application.app));
  } finally {
    await application.close();
  }
}

const schemesOf = (document: OpenApiDocument, name: string): string[] =>
  (document.operation(name).security ?? []).flatMap((one) => Object.keys(one));

describe('the OpenAPI document follows the options', () => {
  it('with no credentials and one tenant it asks for neither', async () => {
    const document = await documentOf({});
    expect(document.json.components.securitySchemes).toEqual({});
    for (const { security, parameters } of document.operations.values()) {
      expect(security).toEqual([]);
      expect(parameters.filter((one) => one.in !== 'path' && /tenant/i.test(one.name))).toEqual([]);
    }
    expect([...document.operations.keys()].filter((name) => name.includes('/keys'))).toEqual([]);
  });

  it('with tenants it asks for the header, by its configured name, wherever there is one', async () => {
    const document = await documentOf({ tenancy: { enabled: true, header: 'X-Org' } });
    const without = [...document.operations].filter(
      ([, { parameters }]) => !parameters.some(({ name }) => name === 'X-Org'),
    );
    expect(without.map(([name]) => name).sort()).toEqual([
      ...[
        'DELETE /session',
        'GET /consumers/overview',
        'GET /health/live',
        'GET /health/ready',
        'GET /metrics',
      ],
      ...['GET /session', 'POST /session'],
    ]);
    const header = document.operation('GET /runs').parameters.find(({ name }) => name === 'X-Org');
    expect(header).toMatchObject({ in: 'header', required: true, schema: { type: 'string' } });
    const pattern = new RegExp(header?.schema.pattern ?? '');
    expect(['acme', 'Acme', 'a b'].map((tenant) => pattern.test(tenant))).toEqual([true, false, false]);
  });

  it('with tokens of an issuer it names those, and tickets for streams alone', async () => {
    const jwt = { secret: 'x'.repeat(32), issuer: 'https://issuer.example', audience: 'runstream' };
    const document = await documentOf({ auth: { mode: 'jwt', jwt } });
    expect(document.json.components.securitySchemes).toMatchObject({
      bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
      ticket: { type: 'apiKey', in: 'query', name: 'ticket' },
    });
    expect(schemesOf(document, 'GET /runs')).toEqual(['bearer', 'session']);
    expect(schemesOf(document, 'GET /runs/{run_id}/events/stream')).toEqual(['bearer', 'session', 'ticket']);
    expect(schemesOf(document, 'GET /events/stream')).toEqual(['bearer', 'session', 'ticket']);
    expect(schemesOf(document, 'GET /health/live')).toEqual([]);
  });

  it('under a prefix and a version of the application its paths have both, and nothing is lost', async () => {
    const tenancy = { enabled: true };
    const plain = await documentOf({ tenancy });
    const document = await documentOf({ tenancy }, (app) => {
      app.setGlobalPrefix('api');
      app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
    });
    const moved = [...plain.operations.keys()].map((name) => name.replace(' /', ' /api/v1/'));
    expect([...document.operations.keys()]).toEqual(moved);
    expect([...document.operations.values()]).toEqual([...plain.operations.values()]);
    expect(document.json.servers.map(({ url }) => url)).toEqual(['/']);
    expect(document.json.tags).toEqual(plain.json.tags);
  });
});
