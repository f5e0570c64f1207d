import { RouteMetadata } from '../../http/index.js';

/** Which stream a route is, that a ticket may be for. */
export const OPENED_BY_TICKET = 'runstream:opened-by-ticket';

/** A stream that tickets open: that of the run in `:run_id`, or that of all runs of the tenant. */
export const OpenedByTicket = (stream: 'run' | 'journal') => RouteMetadata(OPENED_BY_TICKET, stream);
