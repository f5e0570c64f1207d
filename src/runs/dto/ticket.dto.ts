import { ApiProperty } from '@nestjs/swagger';
import { Text } from '../../http/index.js';

export class CreateTicketDto {
  @Text({
    optional: true,
    nullable: true,
    maxLength: 4096,
    description: 'Only these event types, as `?type=` takes them.',
    example: 'llm.*,lifecycle.completed',
  })
  types?: string | null;
}

export class TicketResponse {
  @ApiProperty({ description: 'For `?ticket=`, to connect and to reconnect with until it expires.' })
  ticket!: string;
  @ApiProperty({ format: 'date-time' })
  expires_at!: string;
  @ApiProperty({
    description: 'Path of the stream with the ticket in it.',
    example: '/runs/r0_01k…/events/stream?ticket=rt_…',
  })
  url!: string;
}
