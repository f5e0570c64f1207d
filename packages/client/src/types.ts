import type { components, operations } from './types.gen.js';

type Schemas = components['schemas'];

export type Run = Schemas['RunResponse'];
export type RunEvent = Schemas['EventResponse'];
/** An event that is to be appended. */
export type EventInput = Schemas['EventInputDto'];
export type Gap = Schemas['GapFrame'];
export type ProvisionalEvent = Schemas['ProvisionalFrame'];
export type EndStatus = NonNullable<Schemas['CloseFrame']['status']>;
export type { components, operations };

export type OperationName = keyof operations;

/** The query of an operation, in the names of the protocol. */
export type QueryOf<Name extends OperationName> = NonNullable<operations[Name]['parameters']['query']>;

/** The JSON body of an operation. */
export type BodyOf<Name extends OperationName> = operations[Name] extends {
  requestBody?: { content: { 'application/json': infer Body } };
}
  ? Body
  : never;

/** What an operation answers when it succeeds. */
export type AnswerOf<Name extends OperationName> = operations[Name]['responses'] extends infer Responses
  ? {
      [Status in keyof Responses]: Responses[Status] extends { content: { 'application/json': infer Body } }
        ? Body
        : never;
    }[keyof Responses]
  : never;
