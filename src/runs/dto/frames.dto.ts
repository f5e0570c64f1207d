import { ApiProperty, type ApiResponseOptions, OmitType, refs } from '@nestjs/swagger';
import { EventResponse } from './event.dto.js';

const GAP_REASONS = ['trimmed', 'diverged'] as const;
const CLOSE_REASONS = ['ended', 'deleted'] as const;
const TERMINAL_STATUSES = ['completed', 'failed', 'cancelled'] as const;
const EVENT_ID = '1795279279000-42';
const RUN_ID = 'r0_01kbz6v2m8e7q9n4t3x5c1d2fa';

/** Data of a frame `gap`: what follows does not continue what the client holds. */
export class GapFrame {
  @ApiProperty({
    enum: GAP_REASONS,
    description:
      '`trimmed`: events after the cursor are no longer in the log. `diverged`: the cursor is no position of this log; ' +
      'discard what came before, the stream starts over.',
  })
  reason!: (typeof GAP_REASONS)[number];
  @ApiProperty({ type: String, nullable: true, description: 'The cursor; null when there was none.' })
  after_id!: string | null;
  @ApiProperty({ type: String, nullable: true, description: 'The first event that is there.' })
  first_available_id!: string | null;
  @ApiProperty({ type: 'integer', nullable: true, description: 'How many are gone; null when `diverged`.' })
  missed!: number | null;
  @ApiProperty({
    type: 'integer',
    required: false,
    description: 'In a stream of all runs of a tenant with several partitions: the one that it is about.',
  })
  partition?: number;
}

/** Data of a frame `provisional`: said by an executor while Redis is away, and not stored yet. */
export class ProvisionalFrame extends OmitType(EventResponse, ['id', 'sequence', 'idempotency_key']) {
  @ApiProperty({ type: Boolean, enum: [false] })
  durable!: false;
  @ApiProperty({ description: 'The stored event follows with the same one.' })
  idempotency_key!: string;
}

/** Data of a frame `close`, the last one of a run's stream. */
export class CloseFrame {
  @ApiProperty({ enum: CLOSE_REASONS })
  reason!: (typeof CLOSE_REASONS)[number];
  @ApiProperty({ enum: TERMINAL_STATUSES, required: false, description: 'With `ended`: how the run ended.' })
  status?: (typeof TERMINAL_STATUSES)[number];
}

/** Data of a frame `cursor`. A class can't say that it has no members. */
const CURSOR_FRAME = {
  type: 'object' as const,
  title: 'CursorFrame',
  additionalProperties: false,
  description: 'Data of a frame `cursor`: only its `id` matters.',
};

const EVENT_EXAMPLE = {
  id: EVENT_ID,
  run_id: RUN_ID,
  tenant_id: 'default',
  sequence: 42,
  timestamp: '2026-11-21T17:01:19.000Z',
  event: { category: 'llm', action: 'stream' },
  source: { agent_id: 'a1' },
  data: { content: 'hello' },
};
const CURSOR_EXAMPLE = { summary: 'cursor', value: {} };
const GAP_EXAMPLE = {
  summary: 'gap',
  value: {
    reason: 'trimmed',
    after_id: EVENT_ID,
    first_available_id: '1795279279950-1043',
    missed: 1000,
  },
};

/** For `@ApiExtraModels`: a schema that is only referred to is not in the document by itself. */
export const FRAME_MODELS = [EventResponse, GapFrame, ProvisionalFrame, CloseFrame];

/**
 * The answer of a run's stream. The schema is that of one frame's `data`, which is JSON: that is what generated clients
 * hand over, one frame at a time.
 */
export const RUN_FRAMES: ApiResponseOptions = {
  status: 200,
  description: 'The frames, until the run ends. The schema is that of the `data` of one frame.',
  content: {
    'text/event-stream': {
      schema: {
        oneOf: [...refs(EventResponse), CURSOR_FRAME, ...refs(GapFrame, ProvisionalFrame, CloseFrame)],
      },
      examples: {
        event: { summary: '<category>.<action>', value: EVENT_EXAMPLE },
        cursor: CURSOR_EXAMPLE,
        gap: GAP_EXAMPLE,
        provisional: {
          summary: 'provisional',
          value: {
            durable: false,
            run_id: RUN_ID,
            tenant_id: 'default',
            timestamp: '2026-11-21T17:01:19.000Z',
            event: { category: 'llm', action: 'stream' },
            data: { content: 'hello' },
            idempotency_key: 'executor:1:5f0c9a1b2d3e:43',
          },
        },
        close: { summary: 'close', value: { reason: 'ended', status: 'completed' } },
      },
    },
  },
};

/** The answer of the journal's stream: it has no end, and nothing provisional. */
export const JOURNAL_FRAMES: ApiResponseOptions = {
  status: 200,
  description:
    'The frames, for as long as the client listens. The schema is that of the `data` of one frame.',
  content: {
    'text/event-stream': {
      schema: { oneOf: [...refs(EventResponse), CURSOR_FRAME, ...refs(GapFrame)] },
      examples: {
        event: { summary: '<category>.<action>', value: EVENT_EXAMPLE },
        cursor: CURSOR_EXAMPLE,
        gap: GAP_EXAMPLE,
      },
    },
  },
};
