-- Shared by the scripts that create runs.

--- include write-events.lua

-- k: as in write_events, with { runs, dispatch }; dispatch is the stream of the run's executor. run: { id, executor, task, input, labels, context }.
-- events: the first events of an external run; none for one that waits for its executor.
local function create_run(k, channels, limits, run, events)
  assert_types(k)
  local ms = now_ms()
  redis.call('HSET', k.run,
    'id', run.id, 'executor', run.executor, 'task', run.task, 'input', run.input, 'labels', run.labels,
    'context', run.context, 'status', 'pending', 'attempt', run.executor == 'external' and 1 or 0, 'fence', 0,
    'created_at', ms, 'sequence', 0, 'last_ms', ms)
  -- All scores are 0: ids sort by time, and the order among equal scores is that of their bytes.
  redis.call('ZADD', k.runs, 0, run.id)
  -- The sweep puts the deadline of an external run off for as long as events come (end-lost.lua).
  local is_watched = run.executor == 'external' and limits.idle_ms > 0
  redis.call('ZADD', k.active, is_watched and ms + limits.idle_ms or '+inf', run.id)
  if #events > 0 then
    local state = { id = run.id, status = 'pending', sequence = 0, last_ms = ms, executor = run.executor }
    write_events(k, channels, limits, state, events)
  end
  if run.executor ~= 'external' then
    redis.call('HSET', k.run, 'dispatch', redis.call('XADD', k.dispatch, '*', 'r', run.id))
  end
end
