import { SchemaCheck, type Schema } from './openapi-schema.js';

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
}

export interface MediaType {
  readonly schema: Schema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

export interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: {
    readonly required?: boolean;
    readonly content: Readonly<Record<string, MediaType>>;
  };
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Readonly<Record<string, MediaType>> }>
  >;
}

interface DocumentJson {
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly securitySchemes?: Readonly<Record<string, object>>;
  };
}

/** An OpenAPI document as a client that is generated from it would understand it. */
export class OpenApiDocument {
  readonly check: SchemaCheck;
  /** By method and path, like `GET /runs/{run_id}`. */
  readonly operations: ReadonlyMap<string, Operation>;

  static async of(url: string): Promise<OpenApiDocument> {
    const response = await fetch(`${url}/docs-json`);
    return new OpenApiDocument((await response.json()) as DocumentJson);
  }

  /** Of a document that the test made itself. */
  static from(document: object): OpenApiDocument {
    return new OpenApiDocument(JSON.parse(JSON.stringify(document)) as DocumentJson);
  }

  private constructor(readonly json: DocumentJson) {
    this.check = new SchemaCheck(json.components.schemas);
    this.operations = new Map(
      Object.entries(json.paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation]),
      ),
    );
  }

  operation(name: string): Operation {
    const operation = this.operations.get(name);
    if (!operation) throw new Error(`${name} is not in the document.`);
    return operation;
  }

  /** What an answer has that the document does not say, or the other way round; empty when they agree. */
  answerProblems(name: string, status: number, contentType: string | null, body: unknown): string[] {
    const documented = this.operation(name).responses[String(status)];
    if (!documented) return [`${name} does not document ${status}`];
    const media = contentType === null ? undefined : documented.content?.[contentType.replace(/;.*/, '')];
    if (!media)
      return documented.content || contentType !== null ? [`${name} ${status}: no such content type`] : [];
    const problems = this.check.problems(media.schema, body).map((problem) => `${name} ${status} ${problem}`);
    const code = status >= 400 ? (body as { code: string }).code : undefined;
    if (code !== undefined && !Object.hasOwn(media.examples ?? {}, code)) {
      problems.push(`${name} ${status}: ${code} is not documented`);
    }
    return problems;
  }
}
