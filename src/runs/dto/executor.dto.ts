import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { JsonObject } from '../../events/index.js';
import { JSON_OBJECT } from './schemas.js';

export class ExecutorSlotsDto {
  @ApiProperty({ type: 'integer', description: 'Runs that the live processes can execute at once.' })
  total!: number;
  @ApiProperty({ type: 'integer', description: 'Of these: taken, by runs of any tenant.' })
  taken!: number;
  @ApiProperty({ type: 'integer' })
  free!: number;
}

export class ExecutorResponse {
  @ApiProperty({ example: 'command' })
  name!: string;
  @ApiProperty({
    ...JSON_OBJECT,
    nullable: true,
    description: 'What `input` of a run looks like, as a JSON Schema; null when the executor does not say.',
  })
  input_schema!: JsonObject | null;
  @ApiProperty({
    type: 'integer',
    description:
      'Processes that execute its runs now, for any tenant, or workers that do. Without one, runs stay pending.',
  })
  live_instances!: number;
  @ApiPropertyOptional({
    type: ExecutorSlotsDto,
    description:
      'As of the last second. Absent while one of the processes does not say, as older versions do not.',
  })
  slots?: ExecutorSlotsDto;
  @ApiProperty({ type: 'integer', description: "The tenant's runs that a process has." })
  running!: number;
  @ApiProperty({ type: 'integer', description: "The tenant's runs that wait for one." })
  pending!: number;
  @ApiProperty({
    enum: ['service', 'workers'],
    description: 'A class of the deployment, or workers of the tenant over HTTP.',
  })
  served_by!: 'service' | 'workers';
}

export class ExecutorListResponse {
  @ApiProperty({ type: [ExecutorResponse] })
  executors!: ExecutorResponse[];
  @ApiProperty({ type: 'integer' })
  count!: number;
}
