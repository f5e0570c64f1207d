import type { HttpServer, INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { ACCESS } from './edge/route-metadata.js';
import { ErrorResponse } from './errors/error-response.dto.js';

/** The part of Express's router that holds what was mounted. */
interface RouterLayer {
  handle: object;
  route?: { stack: readonly { handle: object }[] };
}

const DESCRIPTION = `
One durable, ordered event log per run: appended over REST, watched live over Server-Sent Events, read back in
pages.

**Errors.** Every error of every route has the body \`ErrorResponse\`: \`code\` for programs, \`message\` with what
to do next, \`details\` where there are any, \`request_id\`. Every response carries \`X-Request-Id\`, the caller's if
it sent a plain one of at most 128 characters. Besides the errors listed at a route, any route may answer
\`INTERNAL_ERROR\` (500); an unknown path is \`ROUTE_NOT_FOUND\` (404), a wrong method \`METHOD_NOT_ALLOWED\` (405)
with \`Allow\`.

**Unknown parameters** and unknown properties of a body are refused and named. That stops at \`data\`,
\`metadata\` and \`input\`, which belong to the caller and come back as the same JSON value.

**Times** are ISO 8601 in UTC with milliseconds.
`.trim();

/** The OpenAPI document of an application. */
export function createDocument(app: INestApplication): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setTitle('Runstream')
    .setDescription(DESCRIPTION)
    .setVersion(packageVersion())
    .addBearerAuth({ type: 'http', description: 'An API key or a JWT, as AUTH_MODE says; none by default.' });
  return SwaggerModule.createDocument(app, builder.build(), { extraModels: [ErrorResponse] });
}

/**
 * Serves the API documentation at `/docs`, and as OpenAPI at `/docs-json`.
 *
 * @publicApi
 */
export function setupDocs(app: INestApplication): void {
  const { router } = app.getHttpAdapter().getInstance() as { router: { stack: RouterLayer[] } };
  const before = router.stack.length;
  let document: OpenAPIObject | undefined;
  const built = () => (document ??= createDocument(app));
  SwaggerModule.setup('docs', app, built, { raw: false, customSiteTitle: 'Runstream API' });
  // Not Swagger's own route: that prints the document anew for everybody who asks.
  let text: Buffer | undefined;
  (app.getHttpAdapter() as HttpServer<unknown, ServerResponse>).get('/docs-json', (_request, response) => {
    text ??= Buffer.from(JSON.stringify(built()));
    response.setHeader('Content-Type', 'application/json; charset=utf-8');
    response.setHeader('Content-Length', text.length);
    response.end(text);
  });
  // Its routes are no controller's, so nobody else says that they are public.
  for (const { handle, route } of router.stack.slice(before)) {
    for (const handler of [handle, ...(route?.stack ?? []).map((layer) => layer.handle)])
      Reflect.defineMetadata(ACCESS, 'public', handler);
  }
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const parsed: unknown = JSON.parse(text);
  const version =
    typeof parsed === 'object' && parsed !== null && 'version' in parsed ? parsed.version : undefined;
  return typeof version === 'string' ? version : '0.0.0';
}
