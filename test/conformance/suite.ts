import { runSections, type CheckResult, type ConformanceOptions, type Section } from './runner.js';
import { access } from './sections/access.js';
import { appendDuplicates } from './sections/append-duplicates.js';
import { appendExpected } from './sections/append-expected.js';
import { appendJson } from './sections/append-json.js';
import { appendNdjson } from './sections/append-ndjson.js';
import { conventions } from './sections/conventions.js';
import { eventFields } from './sections/event-fields.js';
import { events } from './sections/events.js';
import { history } from './sections/history.js';
import { historyRange } from './sections/history-range.js';
import { idempotency } from './sections/idempotency.js';
import { journal } from './sections/journal.js';
import { limits } from './sections/limits.js';
import { operations } from './sections/operations.js';
import { runList } from './sections/run-list.js';
import { runs } from './sections/runs.js';
import { streamFilters } from './sections/stream-filters.js';
import { streamFrames } from './sections/stream-frames.js';
import { streamGaps } from './sections/stream-gaps.js';
import { streamEnd, streamLive } from './sections/stream-live.js';
import { streamStart } from './sections/stream-start.js';
import { traces } from './sections/traces.js';
import { values } from './sections/values.js';

/** The protocol, section by section. */
export const sections: readonly Section[] = [
  conventions,
  values,
  limits,
  events,
  eventFields,
  traces,
  runs,
  runList,
  idempotency,
  appendJson,
  appendDuplicates,
  appendExpected,
  appendNdjson,
  history,
  historyRange,
  streamStart,
  streamFrames,
  streamFilters,
  streamGaps,
  streamLive,
  streamEnd,
  journal,
  operations,
  access,
];

/** Runs the whole suite against a server that answers at `options.url`. */
export function runConformance(options: ConformanceOptions): Promise<CheckResult[]> {
  return runSections(sections, options);
}
