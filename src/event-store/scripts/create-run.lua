-- Shared by the scripts that create runs.

--- include write-events.lua
--- include fixed-terms.lua

-- k: as in write_events, with { runs, dispatch }; dispatch is the stream of the run's executor.
-- run: { id, executor, task, input, labels, context, key }; the key is '' for none.
-- events: the first events of an external run; none for one that waits for its executor.
-- Keys of a wrong type must have failed before: assert_types(), and ZCARD of k.runs.
local function create_run(k, channels, limits, run, events)
  assert_types(k)
  local ms = now_ms()
  local key_field = run.key ~= '' and { 'key', run.key } or {}
  redis.call('HSET', k.run,
    'id', run.id, 'executor', run.executor, 'task', run.task, 'input', run.input, 'labels', run.labels,
    'context', run.context, 'status', 'pending', 'attempt', run.executor == 'external' and 1 or 0, 'fence', 0,
    'created_at', ms, 'sequence', 0, 'last_ms', ms, unpack(key_field))
  -- All scores are 0: ids sort by time, and the order among equal scores is that of their bytes.
  redis.call('ZADD', k.runs, 0, run.id)
  -- The sweep puts the deadline of an external run off for as long as events come (end-lost.lua).
  local is_watched = run.executor == 'external' and limits.idle_ms > 0
  redis.call('ZADD', k.active, is_watched and ms + limits.idle_ms or '+inf', run.id)
  local state = {
    id = run.id, status = 'pending', sequence = 0, last_ms = ms, executor = run.executor, is_new = true,
  }
  if #events > 0 then write_events(k, channels, limits, state, events) end
  local scored = { 0, indexed(status_term(state.status), run.id) }
  for _, member in ipairs(fixed_members(run.id, run.executor, run.key, run.labels)) do
    scored[#scored + 1] = 0
    scored[#scored + 1] = member
  end
  redis.call('ZADD', k.index, unpack(scored))
  if run.executor ~= 'external' then
    redis.call('HSET', k.run, 'dispatch', redis.call('XADD', k.dispatch, '*', 'r', run.id))
  end
end
