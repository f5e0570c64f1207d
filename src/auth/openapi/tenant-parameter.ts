import type { OpenAPIObject } from '@nestjs/swagger';
import { ACCESS_EXTENSION, ALL_TENANTS_EXTENSION, operationsOf } from '../../http/index.js';
import { TENANT_ID_PATTERN } from '../../tenancy/index.js';

/**
 * Adds the header that names the tenant to each route that has one.
 *
 * @param isRequired whether nothing else names it
 */
export function describeTenant(document: OpenAPIObject, header: string, isRequired: boolean): void {
  for (const operation of operationsOf(document)) {
    const access = operation[ACCESS_EXTENSION];
    if (access === undefined || access === 'public' || operation[ALL_TENANTS_EXTENSION]) continue;
    operation.parameters ??= [];
    operation.parameters.push({
      name: header,
      in: 'header',
      required: isRequired,
      description: isRequired
        ? 'Whose data the request is about. Only a browser that has chosen its tenant with `POST /session` may leave it out.'
        : 'The credential names the tenant. It may be left out, and may not say otherwise.',
      schema: { type: 'string', pattern: TENANT_ID_PATTERN.source },
    });
  }
}
