import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { readFileSync } from 'node:fs';
import { ErrorResponse } from '../errors/error-response.dto.js';
import { documentParts } from './document-part.js';
import { listTags } from './tags.js';

const DESCRIPTION = `
One durable, ordered event log per run: appended over REST, watched live over Server-Sent Events, read back in
pages.

**Errors.** Every error of every route has the body \`ErrorResponse\`: \`code\` for programs, \`message\` with what
to do next, \`details\` where there are any, \`request_id\`. Every response carries \`X-Request-Id\`, the caller's if
it sent a plain one of at most 128 characters. An unknown path is \`ROUTE_NOT_FOUND\` (404), a wrong method
\`METHOD_NOT_ALLOWED\` (405) with \`Allow\`. A client must be ready for codes that are not listed, and go by the status.

**Unknown parameters** and unknown properties of a body are refused and named. That stops at \`data\`,
\`metadata\` and \`input\`, which belong to the caller and come back as the same JSON value.

**Paths** in these texts are without a prefix or a version that the application puts before them.

**Times** are ISO 8601 in UTC with milliseconds.
`.trim();

/** In 3.0 there is no way to say that a property is an object of a named schema, or null. */
const OPENAPI_VERSION = '3.1.0';

/** The OpenAPI document of an application. */
export function createDocument(app: INestApplication): OpenAPIObject {
  const base = new DocumentBuilder()
    .setOpenAPIVersion(OPENAPI_VERSION)
    .setTitle('Runstream')
    .setDescription(DESCRIPTION)
    .setVersion(packageVersion())
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/', 'Where this document came from.')
    .build();
  const document = SwaggerModule.createDocument(app, base, { extraModels: [ErrorResponse] });
  for (const part of documentParts(app)) part.complete(document);
  listTags(document);
  return document;
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  const parsed: unknown = JSON.parse(text);
  const version =
    typeof parsed === 'object' && parsed !== null && 'version' in parsed ? parsed.version : undefined;
  return typeof version === 'string' ? version : '0.0.0';
}
