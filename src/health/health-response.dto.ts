import { ApiProperty } from '@nestjs/swagger';
import type { CheckState } from './health-registry.js';

export class LivenessResponse {
  @ApiProperty({ enum: ['ok'], example: 'ok' })
  status!: 'ok';
}

export class ReadinessResponse extends LivenessResponse {
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string', enum: ['up', 'down'] },
    example: { redis: 'up' },
  })
  checks!: Record<string, CheckState>;
}
