import type { OpenAPIObject } from '@nestjs/swagger';

type PathItem = OpenAPIObject['paths'][string];

/** An operation of a document, with what our decorators say of it. */
export type Operation = NonNullable<PathItem['get']> & {
  /** A scope, or `public`; absent on routes that say nothing. */
  [ACCESS_EXTENSION]?: string;
  /** Whether it shows or changes what belongs to no single tenant. */
  [ALL_TENANTS_EXTENSION]?: boolean;
};

export const ACCESS_EXTENSION = 'x-access';
export const ALL_TENANTS_EXTENSION = 'x-all-tenants';

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'] as const;

/** All operations of a document, in its order. */
export function operationsOf(document: OpenAPIObject): Operation[] {
  return Object.values(document.paths).flatMap((item: PathItem) =>
    METHODS.flatMap((method) => item[method] ?? []),
  );
}
