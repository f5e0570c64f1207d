import type { TakeUpOptions } from '../event-store/index.js';
import { mostDeathsAlone, type RegisteredExecutor } from '../executors/index.js';
import { exhausted, lost, restarted } from './run-outcome.js';

/**
 * The terms on which a process takes runs of an executor up.
 *
 * @param patient whether a lease that ran out counts; not so soon after an outage
 * @param alone whether nothing else is begun beside the run
 */
export function takeUpTerms(
  { name, options }: RegisteredExecutor,
  consumer: string,
  patient: boolean,
  alone: boolean,
): TakeUpOptions {
  const { leaseMs, onCrash, maxAttempts } = options;
  return {
    consumer,
    leaseMs,
    patient,
    onLost: (attempt) =>
      onCrash === 'restart'
        ? restarted(attempt + 1)
        : lost(`The process that executed "${name}" gave no sign of life for ${leaseMs} ms.`),
    alone,
    mostDeathsAlone: mostDeathsAlone(maxAttempts),
    onExhausted: exhausted,
  };
}
