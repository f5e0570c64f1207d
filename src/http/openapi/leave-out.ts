import type { OpenAPIObject } from '@nestjs/swagger';
import { operationsOf } from './operations.js';

/** Leaves all operations of a group out of the document: for routes that the options have switched off. */
export function leaveOut(document: OpenAPIObject, tag: string): void {
  document.paths = Object.fromEntries(
    Object.entries(document.paths).filter(([path, item]) =>
      operationsOf({ ...document, paths: { [path]: item } }).every(({ tags = [] }) => !tags.includes(tag)),
    ),
  );
}
