-- Shared by the scripts that create runs.

--- include write-events.lua
--- include keyed.lua

-- For what else create_run() writes to: keys of a wrong type fail here. k: { runs, keyed }.
local function assert_index_types(k, key)
  redis.call('ZCARD', k.runs)
  if key ~= '' then redis.call('ZCARD', k.keyed) end
end

-- k: as in write_events, with { runs, keyed, dispatch }; dispatch is the stream of the run's executor.
-- run: { id, executor, task, input, labels, context, key }; the key is '' for none.
-- events: the first events of an external run; none for one that waits for its executor.
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
  if run.key ~= '' then redis.call('ZADD', k.keyed, 0, keyed_member(run.key, run.id)) end
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
