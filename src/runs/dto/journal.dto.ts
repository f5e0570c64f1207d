import { ApiProperty } from '@nestjs/swagger';
import { IsOptional, Matches } from 'class-validator';
import { EventResponse } from './event.dto.js';
import { HistoryQuery, StreamQuery } from './queries.dto.js';

const RUN_IDS = {
  required: false,
  description: 'Only events of these runs: 1 to 100 ids, separated by commas.',
};
const SOME_RUN_IDS = /^r[0-9]{1,5}_[0-9a-z]{26}(,r[0-9]{1,5}_[0-9a-z]{26}){0,99}$/;
const MUST_BE = { message: 'must be 1 to 100 run ids, separated by commas' };

export class JournalHistoryQuery extends HistoryQuery {
  @ApiProperty(RUN_IDS)
  @IsOptional()
  @Matches(SOME_RUN_IDS, MUST_BE)
  run_id?: string;
}

export class JournalStreamQuery extends StreamQuery {
  @ApiProperty(RUN_IDS)
  @IsOptional()
  @Matches(SOME_RUN_IDS, MUST_BE)
  run_id?: string;
}

export class JournalPageResponse {
  @ApiProperty({ type: [EventResponse] })
  events!: EventResponse[];
  @ApiProperty({ type: 'integer' })
  count!: number;
  @ApiProperty()
  has_more!: boolean;
  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'The journal id at which the next page begins: its `start_id`, or its `end_id` with `order=desc`.',
  })
  next_id!: string | null;
  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'The journal id up to which this page has looked: `last_event_id` of the live stream that goes on from there.',
  })
  last_event_id!: string | null;
}
