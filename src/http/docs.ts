import type { HttpServer, INestApplication } from '@nestjs/common';
import { type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { ServerResponse } from 'node:http';
import { ACCESS } from './edge/routes/route-metadata.js';
import { createDocument } from './openapi/index.js';
import { streamsAreNotTriedOut } from './swagger-streams.js';

/** The part of Express's router that holds what was mounted. */
interface RouterLayer {
  handle: object;
  route?: { stack: readonly { handle: object }[] };
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
  SwaggerModule.setup('docs', app, built, {
    raw: false,
    customSiteTitle: 'Runstream API',
    // The schemas stand at their routes; at the end of the page they are folded up.
    swaggerOptions: {
      tryItOutEnabled: true,
      displayRequestDuration: true,
      defaultModelsExpandDepth: 0,
      plugins: [streamsAreNotTriedOut],
    },
  });
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
