import { ApiProperty } from '@nestjs/swagger';

export const ORDERINGS = ['none', 'run'] as const;

export class GroupMemberDto {
  @ApiProperty({ description: 'One for each start of a process.', example: 'worker-1-4711-0b0c7a' })
  name!: string;
  @ApiProperty({ description: 'Class of its handler.', example: 'BillRun' })
  handler!: string;
  @ApiProperty({
    type: [String],
    nullable: true,
    description: 'Event types that it handles; null for all that are in the journal.',
    example: ['lifecycle.completed'],
  })
  types!: string[] | null;
  @ApiProperty({ enum: ORDERINGS, enumName: 'HandlerOrdering' })
  ordering!: (typeof ORDERINGS)[number];
  @ApiProperty({
    type: 'integer',
    description: 'Most events, or runs with `ordering: run`, that it handles at once.',
  })
  concurrency!: number;
  @ApiProperty({ type: 'integer' })
  lease_ms!: number;
  @ApiProperty({ type: 'integer' })
  max_attempts!: number;
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: '`version` of its handler; null without one.',
  })
  version!: number | null;
  @ApiProperty({
    description: 'The same for all that want the same: a hash of types, ordering, `canHandle()` and version.',
    example: '5d41402abc4b',
  })
  fingerprint!: string;
  @ApiProperty({ type: 'integer', description: 'Milliseconds since its last sign of life.' })
  idle_ms!: number;
}
