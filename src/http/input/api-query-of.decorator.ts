import { applyDecorators } from '@nestjs/common';
import { ApiQuery, type ApiQueryOptions } from '@nestjs/swagger';

/** Under these @nestjs/swagger keeps what `@ApiProperty()` says; it exports no name for them. */
const PROPERTY_NAMES = 'swagger/apiModelPropertiesArray';
const PROPERTY = 'swagger/apiModelProperties';

/** Describes the query parameters of a route, which `readQuery(request, Query)` reads, by the properties of their class. @publicApi */
export function ApiQueryOf(Query: new () => object): MethodDecorator {
  const prototype = Query.prototype as object;
  const names = (Reflect.getMetadata(PROPERTY_NAMES, prototype) ?? []) as string[];
  return applyDecorators(
    ...names.map((listed) => {
      const name = listed.slice(1); // each is listed as `:name`
      return ApiQuery({ ...(Reflect.getMetadata(PROPERTY, prototype, name) as ApiQueryOptions), name });
    }),
  );
}
