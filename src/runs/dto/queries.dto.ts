import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsOptional, IsString, Matches, ValidateBy } from 'class-validator';
import { MAX_RUN_KEY_LENGTH, normaliseTimestamp, RUN_STATUSES } from '../../events/index.js';
import { RUN_ID_PATTERN } from '../../event-store/index.js';
import { QueryInteger, Text } from '../../http/index.js';

const TYPES = {
  optional: true,
  maxLength: 4096,
  // In the description: the page would send an `example` along with every request that is tried out.
  description: 'Only these types, exact or a whole category: `llm.*,lifecycle.completed`.',
};

const ONE_STATUS = `(${RUN_STATUSES.join('|')})`;
const SOME_STATUSES = new RegExp(`^${ONE_STATUS}(,${ONE_STATUS})*$`);

export { NoQuery } from '../../http/index.js';

export class ListRunsQuery {
  @ApiProperty({
    required: false,
    pattern: SOME_STATUSES.source,
    description: `Only runs that stand like this, or like one of several: \`failed,cancelled\`. ${RUN_STATUSES.join(', ')}.`,
  })
  @IsOptional()
  @Matches(SOME_STATUSES, {
    message: `must be one of ${RUN_STATUSES.join(', ')}, or several, separated by commas`,
  })
  status?: string;

  @Text({
    optional: true,
    minLength: 1,
    maxLength: 255,
    description: 'Only runs whose task holds this text, in whatever case.',
  })
  task?: string;

  @ApiProperty({
    required: false,
    format: 'date-time',
    description: 'Only runs that were created then or later; without a zone it is UTC.',
  })
  @IsOptional()
  @ValidateBy({
    name: 'time',
    validator: {
      validate: (value: unknown) => typeof value === 'string' && normaliseTimestamp(value) !== undefined,
      defaultMessage: () => 'must be an ISO 8601 time, like 2026-11-21T17:01:19Z; + is sent as %2B',
    },
  })
  since?: string;

  @Text({ optional: true, minLength: 1, maxLength: 64 })
  executor?: string;

  @Text({
    optional: true,
    minLength: 1,
    maxLength: MAX_RUN_KEY_LENGTH,
    description: 'Only runs with this `key`, exactly.',
  })
  key?: string;

  @ApiProperty({ required: false, description: '`name:value`, like `project:web`.' })
  @IsOptional()
  @Matches(/^[^:]{1,63}:.{0,255}$/su, { message: 'must be name:value' })
  label?: string;

  @QueryInteger({ minimum: 1, maximum: 1000, default: 50 })
  limit: number = 50;

  @ApiProperty({ required: false, description: '`next_cursor` of the page before.' })
  @IsOptional()
  @Matches(RUN_ID_PATTERN, { message: 'must be the next_cursor of a page' })
  cursor?: string;
}

export class GetRunQuery {
  @QueryInteger({
    minimum: 0,
    maximum: 60,
    default: 0,
    description: 'Answer as soon as the run has ended, or as it is after so many seconds.',
  })
  wait_seconds: number = 0;
}

/** In a query `+` stands for a space. No id holds a space, so that only the `+` can have been meant. */
const asSent = ({ value }: { value: unknown }) => (value === ' ' ? '+' : value);

export class HistoryQuery {
  @ApiProperty({
    required: false,
    default: '-',
    description: 'First event id, inclusive; `-` is the oldest.',
  })
  @IsOptional()
  @Transform(asSent)
  @IsString()
  start_id: string = '-';

  @ApiProperty({ required: false, default: '+', description: 'Last event id, inclusive; `+` is the newest.' })
  @IsOptional()
  @Transform(asSent)
  @IsString()
  end_id: string = '+';

  @QueryInteger({ minimum: 1, maximum: 10_000, default: 1000 })
  limit: number = 1000;

  @ApiProperty({ required: false, enum: ['asc', 'desc'], default: 'asc' })
  @IsOptional()
  @IsIn(['asc', 'desc'])
  order: 'asc' | 'desc' = 'asc';

  @Text(TYPES)
  type?: string;
}

export class StreamQuery {
  @ApiProperty({
    required: false,
    description: 'A stream ticket in place of a credential, for an EventSource, which can send no headers.',
  })
  @IsOptional()
  @IsString()
  ticket?: string;

  @ApiProperty({
    required: false,
    description: 'Begin after this event; the `Last-Event-ID` header, if there is one, counts instead.',
  })
  @IsOptional()
  @IsString()
  last_event_id?: string;

  @ApiProperty({
    required: false,
    description:
      'The same under the name that some clients give it by themselves; counts before `last_event_id`.',
  })
  @IsOptional()
  @IsString()
  lastEventId?: string;

  @ApiProperty({
    required: false,
    enum: ['start', 'tail'],
    default: 'start',
    description: 'Where a watcher without a cursor begins: with the first event, or with what comes next.',
  })
  @IsOptional()
  @IsIn(['start', 'tail'])
  from: 'start' | 'tail' = 'start';

  @ApiProperty({
    required: false,
    enum: ['true', 'false'],
    default: 'true',
    description: '`false` leaves the event name out, so that `onmessage` of a browser sees the events.',
  })
  @IsOptional()
  @IsIn(['true', 'false'])
  named: 'true' | 'false' = 'true';

  @Text(TYPES)
  type?: string;
}
