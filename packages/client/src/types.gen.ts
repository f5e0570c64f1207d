// Made from the OpenAPI document: UPDATE_TYPES=1 npm test -- test/client/types

export interface paths {
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Is the process alive?
         * @description It says nothing of what the process needs: ask `GET /health/ready` for that.
         */
        get: operations["getLiveness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Can the service serve?
         * @description While it cannot, the answer is the error body, with the same `checks` in its `details`.
         */
        get: operations["getReadiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Metrics for Prometheus
         * @description Not served here when metrics have a port of their own (`METRICS_PORT`). They are those of all tenants: with credentials and multi-tenancy on, only that port gives them.
         */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the API keys of your tenant, newest first
         * @description Keys that have expired or were revoked are listed for 30 days more.
         */
        get: operations["listKeys"];
        put?: never;
        /**
         * Make an API key of your tenant
         * @description With no scope that your own credential lacks, and no longer life.
         */
        post: operations["createKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/keys/{key_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revoke an API key
         * @description Streams that it opened end within 5 seconds.
         */
        delete: operations["revokeKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Say who the caller is, and what they may do
         * @description Of a credential as well as of a signed-in browser. It is no error to be nobody.
         */
        get: operations["getSession"];
        put?: never;
        /**
         * Sign a browser in
         * @description For pages of the same origin: with the one member that this deployment takes. It lasts SESSION_TTL_SECONDS, or until the key or token ends.
         */
        post: operations["openSession"];
        /**
         * Sign a browser out
         * @description Streams that it has open end within 5 seconds.
         */
        delete: operations["closeSession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List runs, newest first
         * @description Go on with `next_cursor` as `cursor` until it is null: with `task`, or several filters that have little in common, a page may be short, or empty, and there are more.
         */
        get: operations["listRuns"];
        put?: never;
        /**
         * Start a run
         * @description With the executor `external`, which is the default, a producer appends the events and ends the run with one. Any other executor of the deployment does both itself.
         */
        post: operations["createRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/counts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Count runs by status
         * @description Those that are pending or running; and those that have ended within the last hour, among the newest 2000 that have.
         */
        get: operations["countRuns"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/{run_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a run, or wait for its end
         * @description With `wait_seconds` the answer comes when the run has ended, or when the time is up.
         */
        get: operations["getRun"];
        put?: never;
        post?: never;
        /**
         * Delete a run, its events and its journal entries
         * @description For every reader, and for good.
         */
        delete: operations["deleteRun"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/{run_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel a run
         * @description Its executor learns of it at once, and what it still writes is refused.
         */
        post: operations["cancelRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/executors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the executors
         * @description Those that `POST /runs` can name beside `external`, how many processes have them, and what waits.
         */
        get: operations["listExecutors"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/executors/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get an executor of workers */
        get: operations["getExecutor"];
        /**
         * Make an executor of workers known
         * @description From then on runs may name it, whether or not a worker is up.
         */
        put: operations["putExecutor"];
        post?: never;
        /**
         * Forget an executor of workers
         * @description No run can name it any more. Runs that wait stay, and are executed if it is put again.
         */
        delete: operations["deleteExecutor"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/executors/{name}/claims": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ask for runs to execute
         * @description Waits up to `wait_seconds` for one. What is given is the worker’s until its lease ends: each call with its `Lease-Token` renews that.
         */
        post: operations["claimRuns"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/{run_id}/lease": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Renew the lease on a run, or wait for the end of the run
         * @description With `wait_seconds` it is answered at once when the run is cancelled.
         */
        post: operations["renewLease"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/{run_id}/release": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give a run back
         * @description For a clean stop: the next claim gets it, as its next attempt. It counts as no crash.
         */
        post: operations["releaseRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/consumers/{group}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a consumer group, and how it stood in the last hour */
        get: operations["getConsumer"];
        /**
         * Make a consumer group of workers known
         * @description It gathers events from then on, whether or not a worker is up.
         */
        put: operations["putConsumer"];
        post?: never;
        /**
         * Remove a group that nobody handles any more, with its dead letters
         * @description Refused while a process handles it, or did within the last minute.
         */
        delete: operations["deleteConsumers"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/consumers/{group}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ask for events to handle
         * @description Waits up to `wait_seconds` for one. What is given is the worker’s until its lease ends; then it is given to another.
         */
        post: operations["takeDeliveries"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/consumers/{group}/settlements": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Say what came of events
         * @description Each is recorded in one step with its effects. Said again within 24 hours it is answered the same, and the first body counts.
         */
        post: operations["settleDeliveries"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/consumers/{group}/leases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Renew the leases of events */
        post: operations["renewDeliveries"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/{run_id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Page through the history
         * @description Pages neither overlap nor skip. Go on with `next_id`, as `start_id` or with `order=desc` as `end_id`, until it is null: a page may hold fewer events than `limit`, or none. With `application/cloudevents-batch+json` in `Accept` a page is a batch of CloudEvents 1.0, and `Link` leads to the next.
         */
        get: operations["listEvents"];
        put?: never;
        /**
         * Append events
         * @description All or nothing: one event, or an array of 1 to 1000. NDJSON is taken here too (`application/x-ndjson`), and is described as `POST /runs/{run_id}/events/ndjson`.
         */
        post: operations["appendEvents"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/{run_id}/events/ndjson": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Append events, line by line
         * @description One event a line, any number of lines, stored as they arrive; at a bad line it stops, and `details` of the error say how far it came. The same as `POST /runs/{run_id}/events` with NDJSON: OpenAPI has one operation for a path and a method, and a generated client would send JSON there.
         */
        post: operations["appendEventLines"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/{run_id}/events/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Watch live
         * @description Server-Sent Events: first what the log holds after the cursor, then what comes, without a gap, a duplicate or a
         *     change of order in between. Every frame has an `id` to resume from.
         *
         *     | frame | data | meaning |
         *     |---|---|---|
         *     | `<category>.<action>` | the event, as `EventResponse` | the next event of the run |
         *     | `cursor` | `{}` | where the watcher stands, when a filter or `from=tail` hides events |
         *     | `gap` | `{"reason": "trimmed" or "diverged", "after_id", "first_available_id", "missed"}` | what follows does not continue what the client holds |
         *     | `provisional` | the event with `"durable": false`, without `id` and `sequence` | said by an executor while Redis is away; the stored event follows, with the same `idempotency_key` |
         *     | `close` | `{"reason": "ended", "status"}` or `{"reason": "deleted"}` | the last frame |
         *
         *     A quiet stream carries a comment from time to time. An `EventSource` that comes back with the id of `close` gets 204
         *     and stops.
         *
         *     With `application/cloudevents+json` in `Accept` the data of events is a CloudEvent 1.0. The other frames stay as they are, and nothing is provisional.
         */
        get: operations["watchEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Page through the events of all runs
         * @description In the order of their appending, without the types that the deployment leaves out. `start_id`, `end_id`, `next_id` and `last_event_id` are ids of the journal, not of the events; a run's deletion leaves a hole in them. With `application/cloudevents-batch+json` in `Accept` a page is a batch of CloudEvents 1.0, and `Link` leads to the next.
         */
        get: operations["listJournalEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Watch all runs live
         * @description The events of all runs as Server-Sent Events, in the order of their appending: first what the journal holds after the
         *     cursor, then what comes. The `id` of a frame is the journal's own; the event's stays in its data.
         *
         *     | frame | data | meaning |
         *     |---|---|---|
         *     | `<category>.<action>` | the event, as `EventResponse` | the next event of any run |
         *     | `cursor` | `{}` | where the watcher stands, when a filter or `from=tail` hides events |
         *     | `gap` | `{"reason": "trimmed" or "diverged", "after_id", "first_available_id", "missed"}` | what follows does not continue what the client holds |
         *
         *     There is no `close`: a journal has no end. A quiet stream carries a comment from time to time.
         *
         *     With `application/cloudevents+json` in `Accept` the data of events is a CloudEvent 1.0. The other frames stay as they are.
         */
        get: operations["watchJournalEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/{run_id}/stream-tickets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Get a ticket for the stream of a run
         * @description For an `EventSource`, which can send no headers. It opens this one stream, until it expires.
         */
        post: operations["createRunStreamTicket"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events/stream-tickets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Get a ticket for the stream of all runs
         * @description For an `EventSource`, which can send no headers. It opens this one stream, until it expires.
         */
        post: operations["createStreamTicket"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/consumers/overview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How the consumer groups stand in sum over all tenants
         * @description The groups that this application handles, and those that any process had within the last hour; a hundred at most. The numbers are three seconds old at most. They are those of all tenants: with credentials and multi-tenancy on it is closed, as `GET /metrics` is.
         */
        get: operations["getConsumerOverview"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/consumers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the consumer groups
         * @description Those that are handled here, and those that were and still have a place in the journal.
         */
        get: operations["listConsumers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/consumers/{group}/pending": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List what a group was given and has no outcome for, oldest first
         * @description What is tried again in more than an hour comes last, by when.
         */
        get: operations["listPending"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/consumers/{group}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Stop delivery to a group, on every instance
         * @description No event is begun any more. Those that are being handled are finished.
         */
        post: operations["pauseConsumers"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/consumers/{group}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Start delivery to a group again, on every instance
         * @description It goes on where it was stopped.
         */
        post: operations["resumeConsumers"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/consumers/{group}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Deliver to a group again what it was given before
         * @description From there on every event that is still in the journal comes again, handled or not, with its attempts counted afresh. Dead letters stay. A group never goes forward: a place ahead of it changes nothing. With `ordering: run` the order within a run holds again from there on.
         */
        post: operations["replayConsumers"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dead-letters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List dead letters, newest first
         * @description Go on with `next_cursor` as `cursor` until it is null.
         */
        get: operations["listDeadLetters"];
        put?: never;
        post?: never;
        /**
         * Delete all dead letters of a group
         * @description Their events stay in the logs of their runs.
         */
        delete: operations["deleteDeadLetters"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dead-letters/redrive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send dead letters of a group back to it
         * @description To that group alone, oldest first. Those that die again meanwhile are not sent another time.
         */
        post: operations["redriveDeadLetters"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dead-letters/{id}/redrive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a dead letter back to its group
         * @description To that group alone, and once: a second call finds none.
         */
        post: operations["redriveDeadLetter"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dead-letters/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete a dead letter
         * @description Its event stays in the log of its run.
         */
        delete: operations["deleteDeadLetter"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tenants/{tenant}/limits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What a tenant may take
         * @description Of the deployment as a whole, whatever the tenant of the credential.
         */
        get: operations["getTenantLimits"];
        /**
         * Say what a tenant may take
         * @description All of it: what is absent or null is left to the default of the deployment. It holds within two seconds on every instance; what is under way by then goes on.
         */
        put: operations["setTenantLimits"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        LivenessResponse: {
            /**
             * @example ok
             * @enum {string}
             */
            status: "ok";
        };
        ReadinessResponse: {
            /**
             * @example ok
             * @enum {string}
             */
            status: "ok";
            /**
             * @example {
             *       "redis": "up"
             *     }
             */
            checks: {
                [key: string]: "up" | "down";
            };
        };
        /** @enum {string} */
        ErrorCode: "VALIDATION_FAILED" | "INVALID_EVENT_ID" | "UNKNOWN_EVENT_TYPE" | "UNKNOWN_EXECUTOR" | "UNAUTHORIZED" | "FORBIDDEN" | "ROUTE_NOT_FOUND" | "RUN_NOT_FOUND" | "EXECUTOR_NOT_FOUND" | "GROUP_NOT_FOUND" | "DEAD_LETTER_NOT_FOUND" | "KEY_NOT_FOUND" | "METHOD_NOT_ALLOWED" | "RUN_ENDED" | "RUN_HAS_EXECUTOR" | "SEQUENCE_CONFLICT" | "IDEMPOTENCY_CONFLICT" | "GROUP_IN_USE" | "LEASE_LOST" | "EXECUTOR_TAKEN" | "GROUP_TAKEN" | "VERSION_OUTDATED" | "RUN_EXPIRED" | "EVENT_TOO_LARGE" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "RATE_LIMITED" | "TENANT_LIMIT" | "INTERNAL_ERROR" | "REDIS_UNAVAILABLE" | "NOT_REPLICATED" | "OVERLOADED";
        ErrorResponse: {
            /** @example RUN_NOT_FOUND */
            code: components["schemas"]["ErrorCode"];
            /** @description What is wrong and what to do next, for people. */
            message: string;
            /** @description Facts for programs. With `VALIDATION_FAILED` a list of at most 20 `{path, message}`. */
            details?: {
                [key: string]: unknown;
            } | {
                [key: string]: unknown;
            }[];
            /** @description How many violations there were besides those in `details`. Absent when there were no more. */
            more?: number;
            /**
             * @description Also in the `X-Request-Id` header.
             * @example 0b0c7a5e-5d3f-4c1e-9a53-1f0a2f6b7c11
             */
            request_id: string;
        };
        /** @enum {string} */
        Scope: "runs:read" | "runs:write" | "runs:execute" | "events:handle" | "consumers:admin" | "keys:admin" | "tenants:admin";
        CreatedKeyResponse: {
            /** @example 9f86d081884c7d65 */
            id: string;
            /** @example dashboard */
            name: string;
            /** @example default */
            tenant_id: string;
            scopes: components["schemas"]["Scope"][];
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            expires_at: string | null;
            /** Format: date-time */
            revoked_at: string | null;
            /**
             * Format: date-time
             * @description To the minute.
             */
            last_used_at: string | null;
            /** @description The key itself. It is shown this once. */
            key: string;
        };
        KeyResponse: {
            /** @example 9f86d081884c7d65 */
            id: string;
            /** @example dashboard */
            name: string;
            /** @example default */
            tenant_id: string;
            scopes: components["schemas"]["Scope"][];
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            expires_at: string | null;
            /** Format: date-time */
            revoked_at: string | null;
            /**
             * Format: date-time
             * @description To the minute.
             */
            last_used_at: string | null;
        };
        KeyListResponse: {
            keys: components["schemas"]["KeyResponse"][];
            count: number;
            /** @description A page may be short and still have a next one. */
            has_more: boolean;
            next_cursor: string | null;
        };
        SessionResponse: {
            /**
             * @description What callers have to prove. `own`: the application around Runstream knows them.
             * @enum {string}
             */
            auth_mode: "none" | "api-key" | "jwt" | "own";
            /** @description Whose data the caller sees. */
            tenant_id: string | null;
            /** @description What the caller may do. Null: nobody is signed in, and no credential that is good was sent. */
            scopes: components["schemas"]["Scope"][] | null;
            /**
             * Format: date-time
             * @description When the credential or the sign-in ends.
             */
            expires_at: string | null;
            /**
             * @description `header`: each request names its tenant, and no credential fixes it.
             * @enum {string}
             */
            tenants: "header" | "fixed";
        };
        EventContextInputDto: {
            session_id?: string | null;
            epic_id?: string | null;
            task_id?: string | null;
            git_sha?: string | null;
            /** @enum {string|null} */
            mode?: "normal" | "rlm" | null;
            artifact_paths?: string[] | null;
            /**
             * @description The span that it came from (W3C Trace Context). Default: that of the request.
             * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
             */
            traceparent?: string | null;
            /** @description What tracing systems say beside `traceparent`. */
            tracestate?: string | null;
        };
        CreateRunDto: {
            /**
             * @description `external`, which is the default: a producer outside appends the events. Any other is an executor of this deployment, which produces them.
             * @example external
             */
            executor?: string | null;
            /**
             * @description What the run is to do, for people.
             * @example Review the change
             */
            task: string;
            /**
             * @description The caller's name for a line of runs, such as a chat or a build: printable characters. Any number of runs may have the same; `GET /runs?key=…` lists them.
             * @example chat-42
             */
            key?: string | null;
            /**
             * @description The executor's input: any JSON object of at most 1 MiB, returned as the same value.
             * @example {
             *       "command": "lint"
             *     }
             */
            input?: {
                [key: string]: unknown;
            };
            /**
             * @description To find the run by (`?label=k:v`): at most 64.
             * @example {
             *       "project": "web"
             *     }
             */
            labels?: {
                [key: string]: string;
            };
            context?: components["schemas"]["EventContextInputDto"] | null;
        };
        RunContextDto: {
            session_id: string | null;
            epic_id: string | null;
            task_id: string | null;
            git_sha: string | null;
            /** @enum {string|null} */
            mode: "normal" | "rlm" | null;
            /** @description At most 100 of at most 1024 characters. */
            artifact_paths: string[];
            /**
             * @description The span that it came from (W3C Trace Context). Default: that of the request.
             * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
             */
            traceparent: string | null;
            /** @description What tracing systems say beside `traceparent`. */
            tracestate: string | null;
        };
        /** @enum {string} */
        RunStatus: "pending" | "running" | "completed" | "failed" | "cancelled";
        RunStatisticsDto: {
            /**
             * @description Events by type; those of types beyond the first 200 together as `other`.
             * @example {
             *       "lifecycle.started": 1,
             *       "llm.stream": 240
             *     }
             */
            events: {
                [key: string]: number;
            };
        };
        RunHolderDto: {
            /**
             * @description Its host, process id, and a name of this start.
             * @example worker-1-4242-a1b2c3
             */
            instance: string;
            /**
             * Format: date-time
             * @description The run is its until then, if it sends no heartbeat before.
             */
            lease_until: string;
        };
        RunLinksDto: {
            /** @example /runs/r0_01kbz6v2m8e7q9n4t3x5c1d2fa */
            self: string;
            /** @example /runs/r0_01kbz6v2m8e7q9n4t3x5c1d2fa/events */
            events: string;
            /** @example /runs/r0_01kbz6v2m8e7q9n4t3x5c1d2fa/events/stream */
            stream: string;
        };
        RunResponse: {
            /** @example r0_01kbz6v2m8e7q9n4t3x5c1d2fa */
            id: string;
            /** @example default */
            tenant_id: string;
            /** @example external */
            executor: string;
            /** @example Review the change */
            task: string;
            /** @example chat-42 */
            key: string | null;
            input: {
                [key: string]: unknown;
            };
            labels: {
                [key: string]: string;
            };
            context: components["schemas"]["RunContextDto"];
            status: components["schemas"]["RunStatus"];
            /** @description How often an executor has taken the run up; 1 for an external run. */
            attempt: number;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            started_at: string | null;
            /** Format: date-time */
            completed_at: string | null;
            /** @description What `lifecycle.completed` said: any JSON value. */
            result: ({
                [key: string]: unknown;
            } | unknown[] | string | number | boolean) | null;
            /** @description What `lifecycle.failed` said: any JSON value. */
            error: ({
                [key: string]: unknown;
            } | unknown[] | string | number | boolean) | null;
            statistics: components["schemas"]["RunStatisticsDto"];
            /** @description Sequence of the last event. */
            sequence: number;
            /**
             * Format: date-time
             * @description Null without an event.
             */
            last_event_at: string | null;
            /** @description Null when no process executes it. */
            holder: components["schemas"]["RunHolderDto"] | null;
            /**
             * @description The event types that its executor waits for, separated by commas; up to date within a second.
             * @example gate.approved
             */
            waiting_for: string | null;
            /**
             * Format: date-time
             * @description When the events go.
             */
            expires_at: string | null;
            links: components["schemas"]["RunLinksDto"];
        };
        RunListItem: {
            /** @example r0_01kbz6v2m8e7q9n4t3x5c1d2fa */
            id: string;
            /** @example default */
            tenant_id: string;
            /** @example external */
            executor: string;
            /** @example Review the change */
            task: string;
            /** @example chat-42 */
            key: string | null;
            labels: {
                [key: string]: string;
            };
            context: components["schemas"]["RunContextDto"];
            status: components["schemas"]["RunStatus"];
            /** @description How often an executor has taken the run up; 1 for an external run. */
            attempt: number;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            started_at: string | null;
            /** Format: date-time */
            completed_at: string | null;
            statistics: components["schemas"]["RunStatisticsDto"];
            /** @description Sequence of the last event. */
            sequence: number;
            /**
             * Format: date-time
             * @description Null without an event.
             */
            last_event_at: string | null;
            /** @description Null when no process executes it. */
            holder: components["schemas"]["RunHolderDto"] | null;
            /**
             * @description The event types that its executor waits for, separated by commas; up to date within a second.
             * @example gate.approved
             */
            waiting_for: string | null;
            /**
             * Format: date-time
             * @description When the events go.
             */
            expires_at: string | null;
            links: components["schemas"]["RunLinksDto"];
            /** @description Left out when it has more than 1 KiB of JSON: `GET /runs/{run_id}` has it. */
            input?: {
                [key: string]: unknown;
            };
            /** @description Left out when it has more than 1 KiB of JSON: `GET /runs/{run_id}` has it. */
            result?: ({
                [key: string]: unknown;
            } | unknown[] | string | number | boolean) | null;
            /** @description Left out when it has more than 1 KiB of JSON: `GET /runs/{run_id}` has it. */
            error?: ({
                [key: string]: unknown;
            } | unknown[] | string | number | boolean) | null;
        };
        RunListResponse: {
            runs: components["schemas"]["RunListItem"][];
            count: number;
            /** @description A page ends at 1 MiB; a filtered one may be short, or empty, and still have a next one. */
            has_more: boolean;
            next_cursor: string | null;
        };
        RunCountsResponse: {
            pending: number;
            running: number;
            /** @description Since `since`, as `failed` and `cancelled`. */
            completed: number;
            failed: number;
            cancelled: number;
            /**
             * Format: date-time
             * @description An hour ago.
             */
            since: string;
            /** @description False when more than 2000 have ended: the others were not looked at. */
            complete: boolean;
        };
        CancelRunDto: {
            /** @example no longer needed */
            reason?: string | null;
        };
        ExecutorSlotsDto: {
            /** @description Runs that the live processes can execute at once. */
            total: number;
            /** @description Of these: taken, by runs of any tenant. */
            taken: number;
            free: number;
        };
        ExecutorResponse: {
            /** @example command */
            name: string;
            /** @description What `input` of a run looks like, as a JSON Schema; null when the executor does not say. */
            input_schema: {
                [key: string]: unknown;
            } | null;
            /** @description Processes that execute its runs now, for any tenant, or workers that do. Without one, runs stay pending. */
            live_instances: number;
            /** @description As of the last second. Absent while one of the processes does not say, as older versions do not. */
            slots?: components["schemas"]["ExecutorSlotsDto"];
            /** @description The tenant's runs that a process has. */
            running: number;
            /** @description The tenant's runs that wait for one. */
            pending: number;
            /**
             * @description A class of the deployment, or workers of the tenant over HTTP.
             * @enum {string}
             */
            served_by: "service" | "workers";
        };
        ExecutorListResponse: {
            executors: components["schemas"]["ExecutorResponse"][];
            count: number;
        };
        PutExecutorDto: {
            /**
             * @description One that is lower than the stored one is refused: an older worker does not undo a newer one. Default 1.
             * @example 1
             */
            version?: number | null;
            /**
             * @description What becomes of a run whose worker is lost: it fails, or the next claim gets it. Choose `restart` only for work that may be done twice. Default `fail`.
             * @example restart
             * @enum {string|null}
             */
            on_crash?: "fail" | "restart" | null;
            /**
             * @description With `restart`: how often a run is started whose worker is lost each time; three times at least. Default 5.
             * @example 5
             */
            max_attempts?: number | null;
            /**
             * @description A worker that says nothing for so long is lost. Default 30.
             * @example 30
             */
            lease_seconds?: number | null;
            /** @description A JSON Schema of `input`, of at most 16 KiB: shown, and not enforced. */
            input_schema?: {
                [key: string]: unknown;
            } | null;
        };
        WorkerDto: {
            /**
             * @description As it calls itself.
             * @example worker-1
             */
            worker: string;
            /** @description Runs that it holds. */
            running: number;
            /**
             * Format: date-time
             * @description When it last asked for a run; null when that is over a minute ago.
             */
            asked_at: string | null;
        };
        WorkerExecutorResponse: {
            /** @example summarise */
            name: string;
            version: number;
            /** @enum {string} */
            on_crash: "fail" | "restart";
            max_attempts: number;
            lease_seconds: number;
            input_schema: {
                [key: string]: unknown;
            } | null;
            /** @description Runs that workers hold. */
            running: number;
            /** @description Runs that wait for one. */
            pending: number;
            /** @description Those that hold runs, or asked for one within the last minute. */
            workers: components["schemas"]["WorkerDto"][];
        };
        ClaimRunsDto: {
            /**
             * @description What the worker calls itself; it is shown as the holder.
             * @example worker-1
             */
            worker: string;
            /**
             * @description A new one for each call. The same again, when the answer was lost, is answered the same.
             * @example 5f0c9a1b2d3e
             */
            claim_id: string;
            /**
             * @description For how long to wait when there is nothing. Default 20.
             * @example 20
             */
            wait_seconds?: number | null;
            /**
             * @description Most runs. Default 1.
             * @example 1
             */
            max?: number | null;
        };
        RunClaimDto: {
            run: components["schemas"]["RunResponse"];
            /** @description For the header `Lease-Token`. */
            lease_token: string;
            /**
             * Format: date-time
             * @description Until when it holds, unless it is renewed.
             */
            lease_expires_at: string;
        };
        RunClaimsResponse: {
            claims: components["schemas"]["RunClaimDto"][];
        };
        RenewLeaseDto: {
            /**
             * @description Answer when the run has ended, as when it is cancelled, or after so long. Default 0.
             * @example 0
             */
            wait_seconds?: number | null;
        };
        LeaseResponse: {
            /** @enum {string} */
            status: "running" | "completed" | "failed" | "cancelled";
            /**
             * Format: date-time
             * @description Null once the run has ended.
             */
            lease_expires_at: string | null;
            /** @description Why the run was cancelled, if somebody said so. */
            cancel_reason: string | null;
        };
        ReleaseRunDto: {
            /**
             * @description For how long nobody is to get it; at most the lease. Default 0.
             * @example 0
             */
            delay_seconds?: number | null;
        };
        BackoffDto: {
            /**
             * @description It doubles with each failure. Default 1000.
             * @example 1000
             */
            initial_ms?: number | null;
            /**
             * @description Default 60000.
             * @example 60000
             */
            max_ms?: number | null;
        };
        PutGroupDto: {
            /**
             * @description One that is lower than the stored one is refused: an older worker does not undo a newer one. Default 1.
             * @example 1
             */
            version?: number | null;
            /**
             * @description Which events, exact or as `build.*`. Default: all that are in the journal.
             * @example [
             *       "lifecycle.completed",
             *       "build.*"
             *     ]
             */
            types?: string[] | null;
            /**
             * @description Where a new group begins: with what comes after this call, or with the oldest event. Default `now`.
             * @example now
             * @enum {string|null}
             */
            from?: "now" | "start" | null;
            /**
             * @description `run`: the events of a run are given out one after the other, in order. Default `none`.
             * @example none
             * @enum {string|null}
             */
            ordering?: "none" | "run" | null;
            /**
             * @description Failures after which an event is dead-lettered. Default 5.
             * @example 5
             */
            max_attempts?: number | null;
            /** @description How long a failed event waits. */
            backoff?: components["schemas"]["BackoffDto"] | null;
            /**
             * @description A worker that says nothing of an event for so long has lost it. Default 60.
             * @example 60
             */
            lease_seconds?: number | null;
        };
        WorkerGroupResponse: {
            /** @example billing */
            group: string;
            version: number;
            types: string[] | null;
            /** @enum {string} */
            from: "now" | "start";
            /** @enum {string} */
            ordering: "none" | "run";
            max_attempts: number;
            backoff: components["schemas"]["BackoffDto"];
            lease_seconds: number;
        };
        TakeDeliveriesDto: {
            /**
             * @description What the worker calls itself; it is shown as the holder.
             * @example worker-1
             */
            worker: string;
            /**
             * @description A new one for each call. The same again, when the answer was lost, is answered the same.
             * @example 5f0c9a1b2d3e
             */
            claim_id: string;
            /**
             * @description For how long to wait when there is nothing. Default 20.
             * @example 20
             */
            wait_seconds?: number | null;
            /**
             * @description Most events. Default 10.
             * @example 10
             */
            max?: number | null;
        };
        EventTypeDto: {
            /** @example llm */
            category: string;
            /** @example stream */
            action: string;
        };
        EventSourceDto: {
            /** @example a1 */
            agent_id: string;
            agent_type?: string;
            agent_name?: string;
            team_name?: string;
        };
        EventContextDto: {
            session_id?: string;
            epic_id?: string;
            task_id?: string;
            git_sha?: string;
            /** @enum {string} */
            mode?: "normal" | "rlm";
            /** @description At most 100 of at most 1024 characters. */
            artifact_paths?: string[];
            /**
             * @description The span that it came from (W3C Trace Context). Default: that of the request.
             * @example 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
             */
            traceparent?: string;
            /** @description What tracing systems say beside `traceparent`. */
            tracestate?: string;
        };
        EventResponse: {
            /**
             * @description Its second half is the sequence.
             * @example 1795279279000-42
             */
            id: string;
            /** @example r0_01kbz6v2m8e7q9n4t3x5c1d2fa */
            run_id: string;
            /** @example default */
            tenant_id: string;
            /**
             * @description Counts from 1 without holes.
             * @example 42
             */
            sequence: number;
            /** Format: date-time */
            timestamp: string;
            event: components["schemas"]["EventTypeDto"];
            /** @description Which agent said it. Without one it is an event of the run. */
            source?: components["schemas"]["EventSourceDto"];
            data: {
                [key: string]: unknown;
            };
            context?: components["schemas"]["EventContextDto"];
            metadata?: {
                [key: string]: unknown;
            };
            /** @description The producer's, if it gave one. */
            idempotency_key?: string;
        };
        DeliveryDto: {
            /**
             * @description The same for each attempt at this event.
             * @example 0j.1795279279000-42
             */
            id: string;
            /** @description Of this attempt. */
            token: string;
            /** @description Counts from 1. */
            attempt: number;
            /**
             * Format: date-time
             * @description Until when it is the worker’s, unless it is renewed.
             */
            lease_expires_at: string;
            event: components["schemas"]["EventResponse"];
        };
        DeliveriesResponse: {
            deliveries: components["schemas"]["DeliveryDto"][];
        };
        EventSourceInputDto: {
            /** @example a1 */
            agent_id: string;
            agent_type?: string | null;
            agent_name?: string | null;
            team_name?: string | null;
        };
        PublishedEventDto: {
            event: components["schemas"]["EventTypeDto"];
            /** @description Which agent said it. A lifecycle event without a source is that of the run. */
            source?: components["schemas"]["EventSourceInputDto"] | null;
            /**
             * @description Any JSON object of at most 1 MiB.
             * @example {
             *       "content": "hello"
             *     }
             */
            data?: {
                [key: string]: unknown;
            } | null;
            context?: components["schemas"]["EventContextInputDto"] | null;
            metadata?: {
                [key: string]: unknown;
            } | null;
            /**
             * Format: date-time
             * @description When it happened; without a zone it is UTC. Default: when it was appended.
             */
            timestamp?: string | null;
            /** @description Unique in the run: an event whose key the run already has is not stored again. */
            idempotency_key?: string | null;
            /** @description Of the same partition as the event that was handled, whose own run is. */
            run_id: string;
        };
        SettlementDto: {
            /** @example 0j.1795279279000-42 */
            id: string;
            token: string;
            /**
             * @description `retry`: a failure that is tried again. `fail`: one that is dead-lettered at once. `release`: it was not begun, and another may have it at once.
             * @enum {string}
             */
            outcome: "success" | "retry" | "fail" | "release";
            /** @description Of `retry`: how long it waits. Default: the group’s backoff. */
            delay_ms?: number | null;
            /** @description What went wrong, for operators. */
            error?: string | null;
            /** @description Of `success`: events that are appended in the same step. */
            publish?: components["schemas"]["PublishedEventDto"][] | null;
            /** @description Of `success`: runs that are started in the same step. */
            start_runs?: components["schemas"]["CreateRunDto"][] | null;
        };
        SettleDto: {
            settlements: components["schemas"]["SettlementDto"][];
        };
        SettledDto: {
            /** @example 0j.1795279279000-42 */
            id: string;
            /**
             * @description `ok`: what the outcome says has happened. `dead`: it was dead-lettered. `limited`: a limit of the tenant did not let the effects in, and it comes again. `failed`: its effects can not be made, which is a failure. `lost`: another has it, or the token is none.
             * @enum {string}
             */
            result: "ok" | "dead" | "limited" | "failed" | "lost";
            /** @description Of `dead` and `failed`. */
            error?: string;
            /** @description Of the runs that were started. */
            run_ids?: string[];
            /** @description Of `limited`: when it comes again. */
            delay_ms?: number;
        };
        SettledResponse: {
            settlements: components["schemas"]["SettledDto"][];
        };
        HeldDeliveryDto: {
            /** @example 0j.1795279279000-42 */
            id: string;
            token: string;
        };
        RenewLeasesDto: {
            leases: components["schemas"]["HeldDeliveryDto"][];
        };
        RenewedLeaseDto: {
            /** @example 0j.1795279279000-42 */
            id: string;
            /**
             * Format: date-time
             * @description Null when it is lost.
             */
            lease_expires_at: string | null;
        };
        RenewedLeasesResponse: {
            leases: components["schemas"]["RenewedLeaseDto"][];
        };
        GapFrame: {
            /**
             * @description `trimmed`: events after the cursor are no longer in the log. `diverged`: the cursor is no position of this log; discard what came before, the stream starts over.
             * @enum {string}
             */
            reason: "trimmed" | "diverged";
            /** @description The cursor; null when there was none. */
            after_id: string | null;
            /** @description The first event that is there. */
            first_available_id: string | null;
            /** @description How many are gone; null when `diverged`. */
            missed: number | null;
            /** @description In a stream of all runs of a tenant with several partitions: the one that it is about. */
            partition?: number;
        };
        ProvisionalFrame: {
            /** @example r0_01kbz6v2m8e7q9n4t3x5c1d2fa */
            run_id: string;
            /** @example default */
            tenant_id: string;
            /** Format: date-time */
            timestamp: string;
            event: components["schemas"]["EventTypeDto"];
            /** @description Which agent said it. Without one it is an event of the run. */
            source?: components["schemas"]["EventSourceDto"];
            data: {
                [key: string]: unknown;
            };
            context?: components["schemas"]["EventContextDto"];
            metadata?: {
                [key: string]: unknown;
            };
            /** @enum {boolean} */
            durable: false;
            /** @description The stored event follows with the same one. */
            idempotency_key: string;
        };
        CloseFrame: {
            /** @enum {string} */
            reason: "ended" | "deleted";
            /**
             * @description With `ended`: how the run ended.
             * @enum {string}
             */
            status?: "completed" | "failed" | "cancelled";
        };
        EventInputDto: {
            event: components["schemas"]["EventTypeDto"];
            /** @description Which agent said it. A lifecycle event without a source is that of the run. */
            source?: components["schemas"]["EventSourceInputDto"] | null;
            /**
             * @description Any JSON object of at most 1 MiB.
             * @example {
             *       "content": "hello"
             *     }
             */
            data?: {
                [key: string]: unknown;
            } | null;
            context?: components["schemas"]["EventContextInputDto"] | null;
            metadata?: {
                [key: string]: unknown;
            } | null;
            /**
             * Format: date-time
             * @description When it happened; without a zone it is UTC. Default: when it was appended.
             */
            timestamp?: string | null;
            /** @description Unique in the run: an event whose key the run already has is not stored again. */
            idempotency_key?: string | null;
        };
        AppendResponse: {
            /**
             * @description Of the run, with a `Lease-Token`.
             * @enum {string}
             */
            status?: "running" | "completed" | "failed" | "cancelled";
            /**
             * Format: date-time
             * @description Until when the run is the worker’s, with a `Lease-Token`; null once it has ended.
             */
            lease_expires_at?: string | null;
            run_id: string;
            /** @description Events that are new in the log. */
            count: number;
            /** @description Events that were there already, by their idempotency key. */
            duplicates: number;
            /** @example 1795279279000-42 */
            first_id: string;
            /** @example 1795279279000-42 */
            last_id: string;
            /** @description One id for each event, in order. */
            ids: string[];
        };
        NdjsonAppendResponse: {
            /**
             * @description Of the run, with a `Lease-Token`.
             * @enum {string}
             */
            status?: "running" | "completed" | "failed" | "cancelled";
            /**
             * Format: date-time
             * @description Until when the run is the worker’s, with a `Lease-Token`; null once it has ended.
             */
            lease_expires_at?: string | null;
            run_id: string;
            count: number;
            duplicates: number;
            /** @description Null when the request held no event. */
            last_id: string | null;
        };
        EventListResponse: {
            run_id: string;
            events: components["schemas"]["EventResponse"][];
            count: number;
            has_more: boolean;
            /** @description The first event of the next page: its `start_id`, or its `end_id` with `order=desc`. */
            next_id: string | null;
        };
        JournalPageResponse: {
            events: components["schemas"]["EventResponse"][];
            count: number;
            has_more: boolean;
            /** @description The journal id at which the next page begins: its `start_id`, or its `end_id` with `order=desc`. */
            next_id: string | null;
            /** @description The journal id up to which this page has looked: `last_event_id` of the live stream that goes on from there. */
            last_event_id: string | null;
        };
        CreateTicketDto: {
            /**
             * @description Only these event types, as `?type=` takes them.
             * @example llm.*,lifecycle.completed
             */
            types?: string | null;
        };
        TicketResponse: {
            /** @description For `?ticket=`, to connect and to reconnect with until it expires. */
            ticket: string;
            /** Format: date-time */
            expires_at: string;
            /**
             * @description Path of the stream with the ticket in it.
             * @example /runs/r0_01k…/events/stream?ticket=rt_…
             */
            url: string;
        };
        GroupRatesDto: {
            /**
             * @description Events handled with success.
             * @example 12.5
             */
            handled_per_second: number;
            /**
             * @description Attempts that failed, whether or not the event is tried again.
             * @example 12.5
             */
            failed_per_second: number;
            /**
             * @description Events that were dead-lettered.
             * @example 12.5
             */
            dead_lettered_per_second: number;
        };
        /** @enum {string} */
        HandlerOrdering: "none" | "run";
        GroupMemberDto: {
            /**
             * @description One for each start of a process.
             * @example worker-1-4711-0b0c7a
             */
            name: string;
            /**
             * @description Class of its handler.
             * @example BillRun
             */
            handler: string;
            /**
             * @description Event types that it handles; null for all that are in the journal.
             * @example [
             *       "lifecycle.completed"
             *     ]
             */
            types: string[] | null;
            ordering: components["schemas"]["HandlerOrdering"];
            /** @description Most events, or runs with `ordering: run`, that it handles at once. */
            concurrency: number;
            lease_ms: number;
            max_attempts: number;
            /** @description `version` of its handler; null without one. */
            version: number | null;
            /**
             * @description The same for all that want the same: a hash of types, ordering, `canHandle()` and version.
             * @example 5d41402abc4b
             */
            fingerprint: string;
            /** @description Milliseconds since its last sign of life. */
            idle_ms: number;
        };
        TenantStandingDto: {
            /** @example acme */
            tenant_id: string;
            /** @description Events that were not given out yet, redriven ones included. */
            lag: number;
            /** @description Milliseconds since the oldest event came that is not handled, given out or not; 0 when all are. */
            lag_ms: number;
            /** @description Events that were given out and have no outcome. */
            pending: number;
            /** @description Milliseconds since the oldest pending event was appended; null without one. */
            oldest_pending_age_ms: number | null;
            paused: boolean;
        };
        GroupSampleDto: {
            /**
             * @description Events handled with success.
             * @example 12.5
             */
            handled_per_second: number;
            /**
             * @description Attempts that failed, whether or not the event is tried again.
             * @example 12.5
             */
            failed_per_second: number;
            /**
             * @description Events that were dead-lettered.
             * @example 12.5
             */
            dead_lettered_per_second: number;
            /** Format: date-time */
            at: string;
            /** @description Events that were not given out yet, redriven ones included. */
            lag: number;
            /** @description Milliseconds since the oldest event came that is not handled, given out or not; 0 when all are. */
            lag_ms: number;
            /** @description Events that were given out and have no outcome. */
            pending: number;
            /** @description Milliseconds since the oldest pending event was appended; 0 without one. */
            oldest_pending_age_ms: number;
            /** @description Tenants that had events that were not given out yet. */
            tenants_behind: number;
            /** @description Whether all tenants in which there could be anything were looked at. */
            complete: boolean;
        };
        GroupOverviewResponse: {
            /** @example billing */
            group: string;
            /** @description Events that were not given out yet, redriven ones included. */
            lag: number;
            /** @description Milliseconds since the oldest event came that is not handled, given out or not; 0 when all are. */
            lag_ms: number;
            /** @description Events that were given out and have no outcome. */
            pending: number;
            /** @description Milliseconds since the oldest pending event was appended; null without one. */
            oldest_pending_age_ms: number | null;
            /** @description Of the pending ones: those that wait for another try. */
            delayed_retries: number;
            /** @description As a walk through all tenants counted them that goes on with each look, a thousand tenants at a time. */
            dead_letters: number;
            /** @description Tenants that have events that were not given out yet. */
            tenants_behind: number;
            /** @description Tenants in which the group is paused. */
            tenants_paused: number;
            /** @description Tenants that were looked at; at most 1000. */
            tenants_looked_at: number;
            /** @description Whether these are all in which there can be anything. If not, the numbers are those of the tenants that were looked at. */
            complete: boolean;
            /** @description In all processes together, over the last one to two minutes. */
            rates: components["schemas"]["GroupRatesDto"];
            /** @description The processes that run it now. */
            members: components["schemas"]["GroupMemberDto"][];
            /** @description Those with the most lag, at most ten. */
            worst_tenants: components["schemas"]["TenantStandingDto"][];
            /** @description One a minute, of the last hour, oldest first. */
            samples: components["schemas"]["GroupSampleDto"][];
        };
        ConsumerOverviewResponse: {
            groups: components["schemas"]["GroupOverviewResponse"][];
            count: number;
        };
        ConsumerDto: {
            /**
             * @description One for each start of a process.
             * @example worker-1-4711-0b0c7a.30000
             */
            name: string;
            /** @description Events that it holds and that have no outcome. */
            pending: number;
            /** @description Milliseconds since it was last heard of. */
            idle_ms: number;
        };
        RecoveryDto: {
            /** Format: date-time */
            at: string;
            /** @description Events that were taken over from others. */
            claimed: number;
            /** @description Of these: handled. */
            processed: number;
            /** @description Of these: handled before, or not wanted. */
            skipped: number;
            /** @description Of these: tried again later, or dead-lettered. */
            failed: number;
        };
        TenantRatesDto: {
            /**
             * @description Events that came into the journal, of any type.
             * @example 12.5
             */
            appended_per_second: number;
            /**
             * @description Events that the group was done with: handled, dead-lettered, of a type that it does not want, or deleted. Null when nothing tells.
             * @example 12.5
             */
            handled_per_second: number | null;
        };
        ConsumerGroupResponse: {
            /** @example billing */
            group: string;
            /**
             * @description Who handles it; empty when nobody is known to.
             * @example [
             *       "BillRun"
             *     ]
             */
            handlers: string[];
            /**
             * @description Event types that are handled; null for all that are in the journal.
             * @example [
             *       "lifecycle.completed"
             *     ]
             */
            types: string[] | null;
            /** @description Whether a process handled it within the last minute. */
            handled: boolean;
            consumers: components["schemas"]["ConsumerDto"][];
            /** @description The processes that run the group now, for any tenant. */
            members: components["schemas"]["GroupMemberDto"][];
            /** @description Events that were given out and have no outcome, those that wait for another try included. */
            pending: number;
            /** @description Events that were not given out yet, redriven ones included. */
            lag: number;
            /** @description Milliseconds since the oldest event came that is not handled, given out or not; 0 when all are. */
            lag_ms: number;
            /** @description Milliseconds since the oldest pending event was appended, but for those that are tried again in more than an hour. */
            oldest_pending_age_ms: number | null;
            /** @description Of the pending ones: those that wait for another try. */
            delayed_retries: number;
            dead_letters: number;
            paused: boolean;
            /**
             * Format: date-time
             * @description When it was paused; absent while it is not, or when an older version has paused it.
             */
            paused_at?: string;
            /**
             * @description Who has paused it: id of a key, subject of a token. Absent as `paused_at` is, and where nobody has to say who they are.
             * @example rk_01kbz6v2m8
             */
            paused_by?: string;
            /** @description The last one that found something. */
            last_recovery: components["schemas"]["RecoveryDto"] | null;
            /** @description Over the last minute. */
            rates: components["schemas"]["TenantRatesDto"];
        };
        ConsumerGroupListResponse: {
            groups: components["schemas"]["ConsumerGroupResponse"][];
            count: number;
        };
        TenantSampleDto: {
            /** Format: date-time */
            at: string;
            /** @description Since the sample before; null for the first. */
            rates: components["schemas"]["TenantRatesDto"] | null;
            /** @description As in the group. */
            lag: number;
            /** @description As in the group. */
            lag_ms: number;
            /** @description As in the group. */
            pending: number;
        };
        ConsumerGroupTrendResponse: {
            /** @example billing */
            group: string;
            /**
             * @description Who handles it; empty when nobody is known to.
             * @example [
             *       "BillRun"
             *     ]
             */
            handlers: string[];
            /**
             * @description Event types that are handled; null for all that are in the journal.
             * @example [
             *       "lifecycle.completed"
             *     ]
             */
            types: string[] | null;
            /** @description Whether a process handled it within the last minute. */
            handled: boolean;
            consumers: components["schemas"]["ConsumerDto"][];
            /** @description The processes that run the group now, for any tenant. */
            members: components["schemas"]["GroupMemberDto"][];
            /** @description Events that were given out and have no outcome, those that wait for another try included. */
            pending: number;
            /** @description Events that were not given out yet, redriven ones included. */
            lag: number;
            /** @description Milliseconds since the oldest event came that is not handled, given out or not; 0 when all are. */
            lag_ms: number;
            /** @description Milliseconds since the oldest pending event was appended, but for those that are tried again in more than an hour. */
            oldest_pending_age_ms: number | null;
            /** @description Of the pending ones: those that wait for another try. */
            delayed_retries: number;
            dead_letters: number;
            paused: boolean;
            /**
             * Format: date-time
             * @description When it was paused; absent while it is not, or when an older version has paused it.
             */
            paused_at?: string;
            /**
             * @description Who has paused it: id of a key, subject of a token. Absent as `paused_at` is, and where nobody has to say who they are.
             * @example rk_01kbz6v2m8
             */
            paused_by?: string;
            /** @description The last one that found something. */
            last_recovery: components["schemas"]["RecoveryDto"] | null;
            /** @description Over the last minute. */
            rates: components["schemas"]["TenantRatesDto"];
            /** @description The last hour, one in ten seconds, oldest first; 360 at most. None of a time in which nothing came and nothing was left to do. */
            samples: components["schemas"]["TenantSampleDto"][];
        };
        /**
         * @description `waiting`: not begun (again) yet. `running`: begun, and without an outcome. `suspect`: begun alone, since a process died while it handled it. `abandoned`: begun, and its lease has ended, so another process will take it over. `parked`: in an ordered group, waits behind an earlier event of its run. `delayed`: waits for its next try.
         * @enum {string}
         */
        PendingState: "waiting" | "running" | "suspect" | "abandoned" | "parked" | "delayed";
        PendingEventResponse: {
            /**
             * @description Journal id of the event's entry.
             * @example 1795279279000-42
             */
            entry: string;
            /** @description Whether it is a dead letter that was sent back. */
            redriven: boolean;
            /** @example r0_01kbz6v2m8e7q9n4t3x5c1d2fa */
            run_id: string | null;
            /** @example lifecycle.completed */
            type: string | null;
            /**
             * @description Who holds it, or held it last.
             * @example worker-1-4711-0b0c7a.30000
             */
            consumer: string;
            /** @description `waiting`: not begun (again) yet. `running`: begun, and without an outcome. `suspect`: begun alone, since a process died while it handled it. `abandoned`: begun, and its lease has ended, so another process will take it over. `parked`: in an ordered group, waits behind an earlier event of its run. `delayed`: waits for its next try. */
            state: components["schemas"]["PendingState"];
            /** @description Milliseconds since it was appended, or sent back. */
            age_ms: number;
            /** @description Milliseconds since its consumer got it or renewed its lease. */
            idle_ms: number;
            /** @description How often it was begun. */
            attempts: number;
            /** Format: date-time */
            next_try_at: string | null;
            /** @description Why the last attempt failed. */
            last_error: string | null;
        };
        PendingListResponse: {
            pending: components["schemas"]["PendingEventResponse"][];
            count: number;
            /** @description A page of large events may be short, and still have a next one. */
            has_more: boolean;
            next_cursor: string | null;
        };
        ReplayDto: {
            /**
             * @description Where to begin: the journal id of an event (`id:` of `GET /events/stream`), inclusive, or an ISO 8601 time.
             * @example 2026-11-21T17:00:00.000Z
             */
            from: string;
        };
        DeadLetterResponse: {
            /** @example billing.1795279279000-0 */
            id: string;
            /** @example billing */
            group: string;
            /**
             * @description Journal id of the event's entry.
             * @example 1795279279000-42
             */
            entry: string;
            /** @example r0_01kbz6v2m8e7q9n4t3x5c1d2fa */
            run_id: string | null;
            /** @description Null when it was trimmed before it was handled, or can not be read. */
            event: components["schemas"]["EventResponse"] | null;
            /**
             * @description Why it was given up.
             * @example connect ECONNREFUSED
             */
            error: string;
            /** @description How often it was begun. */
            attempts: number;
            /** Format: date-time */
            first_failure_at: string;
            /** Format: date-time */
            last_failure_at: string;
        };
        DeadLetterListResponse: {
            dead_letters: components["schemas"]["DeadLetterResponse"][];
            count: number;
            /** @description A filtered page may be short, or empty, and still have a next one. */
            has_more: boolean;
            next_cursor: string | null;
        };
        RedriveDto: {
            /**
             * @description Name of a consumer group.
             * @example billing
             */
            group: string;
            /** @description Only these types, exact or a whole category: `llm.*,lifecycle.completed`. */
            type?: string | null;
            /** @description Send back so many at most, oldest first. Default: 1000. */
            limit?: number | null;
        };
        RedriveResponse: {
            /** @description Events that were sent back to the group. */
            redriven: number;
            /** @description Dead letters that stay, since their events were trimmed. */
            trimmed: number;
        };
        LimitsDto: {
            /**
             * Format: int64
             * @description Runs that have not ended.
             * @example null
             */
            active_runs: number | null;
            /**
             * Format: int64
             * @description Events that are appended.
             * @example null
             */
            events_per_second: number | null;
            /**
             * Format: int64
             * @description Bytes of them, and of the input of runs.
             * @example null
             */
            bytes_per_second: number | null;
            /**
             * Format: int64
             * @description Event streams that are open, of all instances together.
             * @example null
             */
            open_streams: number | null;
            /**
             * Format: int64
             * @description Requests, of all instances together.
             * @example null
             */
            requests_per_second: number | null;
            /**
             * Format: int64
             * @description What runs and their events take of Redis, as it was summed within the last minute.
             * @example null
             */
            stored_bytes: number | null;
        };
        TenantLimitsResponse: {
            /** @example acme */
            tenant_id: string;
            /** @description What was set for this tenant; null: the default counts. */
            own: components["schemas"]["LimitsDto"];
            /** @description What holds, with the defaults of the deployment. */
            in_force: components["schemas"]["LimitsDto"];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getLiveness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LivenessResponse"];
                };
            };
        };
    };
    getReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It can. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReadinessResponse"];
                };
            };
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The metrics; docs/operations.md says what each means. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /** @example runstream_redis_up{shard="0"} 1 */
                    "text/plain": string;
                };
            };
        };
    };
    listKeys: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page of keys. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyListResponse"];
                };
            };
        };
    };
    createKey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The key, shown this once. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedKeyResponse"];
                };
            };
        };
    };
    revokeKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Revoked. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Who asks, and how a page signs in. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionResponse"];
                };
            };
        };
    };
    openSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The cookie is set: HttpOnly, SameSite=Strict, Secure over HTTPS. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    closeSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The cookie is gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listRuns: {
        parameters: {
            query?: {
                /** @description Only runs that stand like this, or like one of several: `failed,cancelled`. pending, running, completed, failed, cancelled. */
                status?: string;
                /** @description Only runs whose task holds this text, in whatever case. */
                task?: string;
                /** @description Only runs that were created then or later; without a zone it is UTC. */
                since?: string;
                executor?: string;
                /** @description Only runs with this `key`, exactly. */
                key?: string;
                /** @description `name:value`, like `project:web`. */
                label?: string;
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page of runs. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunListResponse"];
                };
            };
        };
    };
    createRun: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 printable characters, remembered for 24 hours: the same request again gets the first answer again, with `Idempotency-Replayed: true`, as long as the run is there. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateRunDto"];
            };
        };
        responses: {
            /** @description The run: `running` when it is external, else `pending` until an instance takes it up. */
            201: {
                headers: {
                    /** @description Path of the run. */
                    Location?: string;
                    /** @description `true` when this is the answer to an earlier request with the same key. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunResponse"];
                };
            };
        };
    };
    countRuns: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How the runs stand. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunCountsResponse"];
                };
            };
        };
    };
    getRun: {
        parameters: {
            query?: {
                /** @description Answer as soon as the run has ended, or as it is after so many seconds. */
                wait_seconds?: number;
            };
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The run as it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunResponse"];
                };
            };
        };
    };
    deleteRun: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Gone. Its watchers get `close` with reason `deleted`. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    cancelRun: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["CancelRunDto"];
            };
        };
        responses: {
            /** @description The run, `cancelled`. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunResponse"];
                };
            };
        };
    };
    listExecutors: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All executors, by name. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExecutorListResponse"];
                };
            };
        };
    };
    getExecutor: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How it stands. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkerExecutorResponse"];
                };
            };
        };
    };
    putExecutor: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PutExecutorDto"];
            };
        };
        responses: {
            /** @description The executor. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkerExecutorResponse"];
                };
            };
        };
    };
    deleteExecutor: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is forgotten. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    claimRuns: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ClaimRunsDto"];
            };
        };
        responses: {
            /** @description Runs, which are `running` now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunClaimsResponse"];
                };
            };
            /** @description None came. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    renewLease: {
        parameters: {
            query?: never;
            header: {
                /** @description The `lease_token` of the claim. */
                "Lease-Token": string;
            };
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RenewLeaseDto"];
            };
        };
        responses: {
            /** @description How the run stands. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LeaseResponse"];
                };
            };
        };
    };
    releaseRun: {
        parameters: {
            query?: never;
            header: {
                /** @description The `lease_token` of the claim. */
                "Lease-Token": string;
            };
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ReleaseRunDto"];
            };
        };
        responses: {
            /** @description It is given back, or has ended. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getConsumer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of a consumer group. */
                group: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The group as it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsumerGroupTrendResponse"];
                };
            };
        };
    };
    putConsumer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of a consumer group. */
                group: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PutGroupDto"];
            };
        };
        responses: {
            /** @description The group as its workers have it. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkerGroupResponse"];
                };
            };
        };
    };
    deleteConsumers: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of a consumer group. */
                group: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    takeDeliveries: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of a consumer group. */
                group: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TakeDeliveriesDto"];
            };
        };
        responses: {
            /** @description Events, each with the token of this attempt. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveriesResponse"];
                };
            };
            /** @description None came. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    settleDeliveries: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of a consumer group. */
                group: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SettleDto"];
            };
        };
        responses: {
            /** @description What was recorded, in order. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettledResponse"];
                };
            };
        };
    };
    renewDeliveries: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of a consumer group. */
                group: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RenewLeasesDto"];
            };
        };
        responses: {
            /** @description Until when each holds, in order. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RenewedLeasesResponse"];
                };
            };
        };
    };
    listEvents: {
        parameters: {
            query?: {
                /** @description First event id, inclusive; `-` is the oldest. */
                start_id?: string;
                /** @description Last event id, inclusive; `+` is the newest. */
                end_id?: string;
                limit?: number;
                order?: "asc" | "desc";
                /** @description Only these types, exact or a whole category: `llm.*,lifecycle.completed`. */
                type?: string;
            };
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page of the log. */
            200: {
                headers: {
                    /** @description Of a batch of CloudEvents that is not the last: the next one, `rel="next"`. */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventListResponse"];
                };
            };
        };
    };
    appendEvents: {
        parameters: {
            query?: never;
            header?: {
                /** @description Append only if the run's last sequence is this, in decimal digits. */
                "Expected-Sequence"?: string;
                /** @description 1 to 255 printable characters, remembered for 24 hours: the same request again gets the first answer again, with `Idempotency-Replayed: true`, as long as the run is there. */
                "Idempotency-Key"?: string;
                /** @description The `lease_token` of the claim. */
                "Lease-Token"?: string;
            };
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EventInputDto"] | components["schemas"]["EventInputDto"][];
            };
        };
        responses: {
            /** @description The events are stored in Redis. */
            201: {
                headers: {
                    /** @description `true` when this is the answer to an earlier request with the same key. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AppendResponse"];
                };
            };
        };
    };
    appendEventLines: {
        parameters: {
            query?: never;
            header?: {
                /** @description Append only if the run's last sequence is this, in decimal digits. */
                "Expected-Sequence"?: string;
                /** @description The `lease_token` of the claim. */
                "Lease-Token"?: string;
            };
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {"event":{"category":"llm","action":"stream"},"source":{"agent_id":"a1"},"data":{"content":"hello"}}
                 *     {"event":{"category":"lifecycle","action":"completed"},"data":{"result":"hello"}}
                 */
                "application/x-ndjson": string;
            };
        };
        responses: {
            /** @description The lines are stored. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NdjsonAppendResponse"];
                };
            };
        };
    };
    watchEvents: {
        parameters: {
            query?: {
                /** @description A stream ticket in place of a credential, for an EventSource, which can send no headers. */
                ticket?: string;
                /** @description Begin after this event; the `Last-Event-ID` header, if there is one, counts instead. */
                last_event_id?: string;
                /** @description The same under the name that some clients give it by themselves; counts before `last_event_id`. */
                lastEventId?: string;
                /** @description Where a watcher without a cursor begins: with the first event, or with what comes next. */
                from?: "start" | "tail";
                /** @description `false` leaves the event name out, so that `onmessage` of a browser sees the events. */
                named?: "true" | "false";
                /** @description Only these types, exact or a whole category: `llm.*,lifecycle.completed`. */
                type?: string;
            };
            header?: {
                /** @description Begin after this event; `0-0` is the beginning. An EventSource sends it by itself. */
                "Last-Event-ID"?: string;
            };
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The frames, until the run ends. The schema is that of the `data` of one frame. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["EventResponse"] | Record<string, never> | components["schemas"]["GapFrame"] | components["schemas"]["ProvisionalFrame"] | components["schemas"]["CloseFrame"];
                };
            };
            /** @description The cursor is the terminal event: there is nothing more to come. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listJournalEvents: {
        parameters: {
            query?: {
                /** @description First event id, inclusive; `-` is the oldest. */
                start_id?: string;
                /** @description Last event id, inclusive; `+` is the newest. */
                end_id?: string;
                limit?: number;
                order?: "asc" | "desc";
                /** @description Only these types, exact or a whole category: `llm.*,lifecycle.completed`. */
                type?: string;
                /** @description Only events of these runs: 1 to 100 ids, separated by commas. */
                run_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page of the journal. */
            200: {
                headers: {
                    /** @description Of a batch of CloudEvents that is not the last: the next one, `rel="next"`. */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JournalPageResponse"];
                };
            };
        };
    };
    watchJournalEvents: {
        parameters: {
            query?: {
                /** @description A stream ticket in place of a credential, for an EventSource, which can send no headers. */
                ticket?: string;
                /** @description Begin after this event; the `Last-Event-ID` header, if there is one, counts instead. */
                last_event_id?: string;
                /** @description The same under the name that some clients give it by themselves; counts before `last_event_id`. */
                lastEventId?: string;
                /** @description Where a watcher without a cursor begins: with the first event, or with what comes next. */
                from?: "start" | "tail";
                /** @description `false` leaves the event name out, so that `onmessage` of a browser sees the events. */
                named?: "true" | "false";
                /** @description Only these types, exact or a whole category: `llm.*,lifecycle.completed`. */
                type?: string;
                /** @description Only events of these runs: 1 to 100 ids, separated by commas. */
                run_id?: string;
            };
            header?: {
                /** @description Begin after this journal id; `0-0` is the beginning. An EventSource sends it by itself. */
                "Last-Event-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The frames, for as long as the client listens. The schema is that of the `data` of one frame. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["EventResponse"] | Record<string, never> | components["schemas"]["GapFrame"];
                };
            };
        };
    };
    createRunStreamTicket: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["CreateTicketDto"];
            };
        };
        responses: {
            /** @description The ticket, and the URL to connect to. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TicketResponse"];
                };
            };
        };
    };
    createStreamTicket: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["CreateTicketDto"];
            };
        };
        responses: {
            /** @description The ticket, and the URL to connect to. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TicketResponse"];
                };
            };
        };
    };
    getConsumerOverview: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The groups, by name. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsumerOverviewResponse"];
                };
            };
        };
    };
    listConsumers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All groups, by name. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsumerGroupListResponse"];
                };
            };
        };
    };
    listPending: {
        parameters: {
            query?: {
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description Name of a consumer group. */
                group: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page of events. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PendingListResponse"];
                };
            };
        };
    };
    pauseConsumers: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of a consumer group. */
                group: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The group as it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsumerGroupResponse"];
                };
            };
        };
    };
    resumeConsumers: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of a consumer group. */
                group: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The group as it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsumerGroupResponse"];
                };
            };
        };
    };
    replayConsumers: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of a consumer group. */
                group: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplayDto"];
            };
        };
        responses: {
            /** @description The group as it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsumerGroupResponse"];
                };
            };
        };
    };
    listDeadLetters: {
        parameters: {
            query?: {
                /** @description Name of a consumer group. */
                group?: string;
                /** @description Only these types, exact or a whole category: `llm.*,lifecycle.completed`. */
                type?: string;
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page of dead letters. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetterListResponse"];
                };
            };
        };
    };
    deleteDeadLetters: {
        parameters: {
            query: {
                /** @description Name of a consumer group. */
                group: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    redriveDeadLetters: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RedriveDto"];
            };
        };
        responses: {
            /** @description How many were sent. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RedriveResponse"];
                };
            };
        };
    };
    redriveDeadLetter: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of a dead letter. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It was sent. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RedriveResponse"];
                };
            };
        };
    };
    deleteDeadLetter: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of a dead letter. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getTenantLimits: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Any tenant that is served. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The limits of the tenant. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TenantLimitsResponse"];
                };
            };
        };
    };
    setTenantLimits: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Any tenant that is served. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The limits, as they are now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TenantLimitsResponse"];
                };
            };
        };
    };
}
