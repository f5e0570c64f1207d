/** What the API documentation says of a run's stream. */
export const FRAMES_DESCRIPTION = `
Server-Sent Events: first what the log holds after the cursor, then what comes, without a gap, a duplicate or a
change of order in between. Every frame has an \`id\` to resume from.

| frame | data | meaning |
|---|---|---|
| \`<category>.<action>\` | the event, as \`EventResponse\` | the next event of the run |
| \`cursor\` | \`{}\` | where the watcher stands, when a filter or \`from=tail\` hides events |
| \`gap\` | \`{"reason": "trimmed" or "diverged", "after_id", "first_available_id", "missed"}\` | what follows does not continue what the client holds |
| \`provisional\` | the event with \`"durable": false\`, without \`id\` and \`sequence\` | said by an executor while Redis is away; the stored event follows, with the same \`idempotency_key\` |
| \`close\` | \`{"reason": "ended", "status"}\` or \`{"reason": "deleted"}\` | the last frame |

A quiet stream carries a comment from time to time. An \`EventSource\` that comes back with the id of \`close\` gets 204
and stops.

With \`application/cloudevents+json\` in \`Accept\` the data of events is a CloudEvent 1.0. The other frames stay as they are, and nothing is provisional.
`.trim();

/** What it says of the stream of all runs. */
export const JOURNAL_FRAMES_DESCRIPTION = `
The events of all runs as Server-Sent Events, in the order of their appending: first what the journal holds after the
cursor, then what comes. The \`id\` of a frame is the journal's own; the event's stays in its data.

| frame | data | meaning |
|---|---|---|
| \`<category>.<action>\` | the event, as \`EventResponse\` | the next event of any run |
| \`cursor\` | \`{}\` | where the watcher stands, when a filter or \`from=tail\` hides events |
| \`gap\` | \`{"reason": "trimmed" or "diverged", "after_id", "first_available_id", "missed"}\` | what follows does not continue what the client holds |

There is no \`close\`: a journal has no end. A quiet stream carries a comment from time to time.

With \`application/cloudevents+json\` in \`Accept\` the data of events is a CloudEvent 1.0. The other frames stay as they are.
`.trim();
