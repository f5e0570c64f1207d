import { describe, expect, it } from '@jest/globals';
import { IsOptional, IsString } from 'class-validator';
import type { Request } from 'express';
import { ValidationFailedError } from '../../common/index.js';
import { NoQuery } from './no-query.js';
import { QueryInteger } from './query-integer.decorator.js';
import { readJson } from './read-json.js';
import { readQuery } from './read-query.js';
import { Text } from './text.decorator.js';

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

const json = (body: unknown) => readJson({ headers: {}, body } as Request, Thing);
const query = (text: string) => readQuery({ url: `/x${text}` } as Request, Page);

function refusal(read: () => unknown): ValidationFailedError {
  try {
    read();
  } catch (error) {
    if (error instanceof ValidationFailedError) return error;
    throw error;
  }
  throw new Error('not refused');
}

describe('readJson', () => {
  it('J3 refuses a body that is no object in one sentence, whatever it holds', () => {
    for (const body of [new Array<number>(300_000).fill(0), [], 'text', 7, null]) {
      const { details, more } = refusal(() => json(body));
      expect([details, more]).toEqual([[{ path: '', message: 'the body must be a JSON object' }], undefined]);
    }
  });

  it('J3 lists 20 of 100 000 unknown members and counts the others', () => {
    const body = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`m${i}`, 0]));
    const { violations, more } = refusal(() => json(body));
    expect(violations).toHaveLength(20);
    expect(violations[0]).toMatchObject({ path: 'm0', message: expect.stringContaining('unknown') });
    // `task` is missing as well.
    expect(more).toBe(100_000 - 20 + 1);
  });

  it('names what is unknown beside what is wrong', () => {
    const { violations } = refusal(() => json(JSON.parse('{"__proto__":1,"note":2}')));
    expect(violations.map(({ path }) => path).sort()).toEqual(['__proto__', 'note', 'task']);
  });

  it('takes an absent body as an empty one', () => {
    expect(refusal(() => json(undefined)).violations).toHaveLength(1);
  });
});

describe('readQuery', () => {
  it('builds an instance, with numbers that were digits and defaults for what is not there', () => {
    expect(query('?limit=7&name=%F0%9F%91%8D')).toEqual(Object.assign(new Page(), { limit: 7, name: '👍' }));
    expect(query('')).toBeInstanceOf(Page);
    expect(query('?')).toMatchObject({ limit: 5 });
    for (const limit of ['limit=', 'limit=0', 'limit=11', 'limit=1e0', 'limit=1&limit=2', 'limit=+1']) {
      expect(refusal(() => query(`?${limit}`)).violations).toEqual([
        { path: 'limit', message: expect.stringContaining('from 1 to 10') },
      ]);
    }
    for (const name of ['', 'abc', '%E2%9D%A4%EF%B8%8Fx', 'a&name=b']) {
      expect(refusal(() => query(`?name=${name}`)).violations).toHaveLength(1);
    }
  });

  it('refuses what a route without parameters is sent, and a parameter in brackets', () => {
    const unknown = refusal(() => readQuery({ url: '/x?limit=1' } as Request, NoQuery));
    expect(unknown.violations).toEqual([{ path: 'limit', message: expect.stringContaining('unknown') }]);
    expect(refusal(() => query('?limit[]=1')).violations[0]?.path).toBe('limit[]');
    expect(readQuery({ url: '/x' } as Request, NoQuery)).toBeInstanceOf(NoQuery);
  });
});
