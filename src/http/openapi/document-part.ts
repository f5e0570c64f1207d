import type { INestApplicationContext } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { OpenAPIObject } from '@nestjs/swagger';

/**
 * What a module adds to the OpenAPI document once all routes are in it, for what depends on options and so can't stand
 * in a decorator. Each provider that extends it is asked.
 *
 * @publicApi
 */
export abstract class DocumentPart {
  /** Changes the document in place. */
  abstract complete(document: OpenAPIObject): void;
}

export function documentParts(app: INestApplicationContext): DocumentPart[] {
  const found = new Set<DocumentPart>();
  for (const { providers } of app.get(ModulesContainer).values()) {
    for (const { instance } of providers.values()) {
      if (instance instanceof DocumentPart) found.add(instance);
    }
  }
  return [...found];
}
