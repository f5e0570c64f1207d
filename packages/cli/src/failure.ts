import { RunstreamClientError } from '@runstream/client';
import { EXIT, type ExitCode } from './exit-code.js';
import { Shown, shown } from './render/shown.js';

/** A mistake in the command line, or in what it names. Its message says what to do. */
export class UsageError extends Error {}

/** The time that the caller gave is up. */
export class GaveUp extends Error {}

/** Ctrl-C. */
export class Interrupted extends Error {}

/** What went wrong, as an exit code and as what a person reads; undefined for a defect of this program. */
export function failureOf(error: unknown, url: string): { code: ExitCode; text: Shown } | undefined {
  if (error instanceof UsageError) return { code: EXIT.usage, text: Shown.lines(error.message) };
  if (error instanceof GaveUp) return { code: EXIT.gaveUp, text: shown`${error.message}` };
  if (error instanceof Interrupted) return { code: EXIT.interrupted, text: Shown.empty };
  if (error instanceof RunstreamClientError) return { code: codeOf(error), text: textOf(error, url) };
  return undefined;
}

function codeOf({ status, code }: RunstreamClientError): ExitCode {
  if (code === 'EVENTS_MISSING' || code === 'RUN_EXPIRED') return EXIT.missing;
  if (status === 401 || status === 403) return EXIT.credentials;
  if (status === 400 || status === 404 || code === 'UNEXPECTED_ANSWER') return EXIT.usage;
  if (status === 0 || status === 429 || status >= 500) return EXIT.gaveUp;
  return EXIT.failed;
}

function textOf(error: RunstreamClientError, url: string): Shown {
  const { code, message, requestId, status } = error;
  if (code === 'UNREACHABLE' || code === 'SILENT') {
    return shown`Nothing answers at ${url}. Start the service there, or name another one with --url or RUNSTREAM_URL.`;
  }
  const advice =
    status === 401
      ? shown` Give a key with --key or RUNSTREAM_KEY; "runstream doctor" says what is asked for.`
      : shown``;
  const request = requestId === undefined ? shown`` : shown` (request ${requestId})`.in('dim');
  return shown`${code}: ${message}${Shown.join(violationsOf(error), '')}${advice}${request}`;
}

/** What is wrong with a request, in the places of its body. */
function violationsOf({ details }: RunstreamClientError): Shown[] {
  if (!Array.isArray(details)) return [];
  return (details as { path?: unknown; message?: unknown }[])
    .filter(({ path, message }) => typeof path === 'string' && typeof message === 'string')
    .map(({ path, message }) => shown` ${String(path)}: ${String(message)}`);
}
