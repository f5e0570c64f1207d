import { describe, expect, it } from '@jest/globals';
import type { ArgumentMetadata, Type } from '@nestjs/common';
import { IsOptional, IsString } from 'class-validator';
import { ValidationFailedError } from '../common/index.js';
import { QueryInteger } from './query-integer.decorator.js';
import { Text } from './text.decorator.js';
import { RequestValidationPipe } from './validation-pipe.js';

class Thing {
  @IsString()
  task!: string;
  @IsOptional()
  @IsString()
  note?: string;
}

class Page {
  @QueryInteger({ minimum: 1, maximum: 10, default: 5 })
  limit: number = 5;
  @Text({ optional: true, minLength: 1, maxLength: 2 })
  name?: string;
}

const pipe = new RequestValidationPipe();

async function refusal(value: unknown, metatype: Type, type: ArgumentMetadata['type']) {
  const error: unknown = await pipe.transform(value, { type, metatype }).catch((thrown: unknown) => thrown);
  if (!(error instanceof ValidationFailedError)) throw new Error(`not refused: ${String(error)}`);
  return error;
}

describe('RequestValidationPipe', () => {
  it('J3 refuses a body that is no object in one sentence, whatever it holds', async () => {
    for (const body of [new Array<number>(300_000).fill(0), [], 'text', 7, null]) {
      const { details, more } = await refusal(body, Thing, 'body');
      expect([details, more]).toEqual([[{ path: '', message: 'the body must be a JSON object' }], undefined]);
    }
  });

  it('J3 lists 20 of 100 000 unknown members and counts the others', async () => {
    const body = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`m${i}`, 0]));
    const { violations, more } = await refusal(body, Thing, 'body');
    expect(violations).toHaveLength(20);
    expect(violations[0]).toMatchObject({ path: 'm0', message: expect.stringContaining('unknown') });
    // `task` is missing as well.
    expect(more).toBe(100_000 - 20 + 1);
  });

  it('names what is unknown beside what is wrong', async () => {
    const { violations } = await refusal(JSON.parse('{"__proto__":1,"note":2}'), Thing, 'body');
    expect(violations.map(({ path }) => path).sort()).toEqual(['__proto__', 'note', 'task']);
  });

  it('takes an absent body as an empty one', async () => {
    expect((await refusal(undefined, Thing, 'body')).violations).toHaveLength(1);
  });

  it('builds an instance, with numbers that were digits and defaults for what is not there', async () => {
    const query = (value: object) => pipe.transform(value, { type: 'query', metatype: Page });
    expect(await query({ limit: '7', name: '👍' })).toEqual(
      Object.assign(new Page(), { limit: 7, name: '👍' }),
    );
    expect(await query({})).toBeInstanceOf(Page);
    expect(await query({})).toMatchObject({ limit: 5 });
    for (const limit of ['', '0', '11', '1e0', ['1'], ['1', '2'], ' 1']) {
      expect((await refusal({ limit }, Page, 'query')).violations).toEqual([
        { path: 'limit', message: expect.stringContaining('from 1 to 10') },
      ]);
    }
    for (const name of ['', 'abc', '❤️x', '\ud800', ['a']]) {
      expect((await refusal({ name }, Page, 'query')).violations).toHaveLength(1);
    }
  });
});
