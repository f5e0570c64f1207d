-- Looks after runs that have an executor: gives one whose dispatch entry is gone (a flush, a failover) a new one, and
-- tells which have an executor that gave no sign of life in time. An external run without a deadline, from before the
-- deployment had an idle time-out, gets one.
--
-- KEYS  1 active, then per run: run, the dispatch stream of its executor
-- ARGV  1 idle time-out ms (0: never), then per run: run id, executor
-- Reply {entries made again, then for each run whose lease ran out: run id, executor, for how many ms}

--- include ../../redis/scripts/time.lua
--- include ../../redis/scripts/arguments.lua

local idle_ms = whole(ARGV[1], 'the idle time-out')
redis.call('ZCARD', KEYS[1])
local now = now_ms()
local gone, without_entry, external, reply = {}, {}, {}, { 0 }
for i = 2, #ARGV, 2 do
  local run, dispatch, id, executor = KEYS[i], KEYS[i + 1], ARGV[i], ARGV[i + 1]
  local field = redis.call('HMGET', run, 'status', 'executor', 'dispatch', 'lease', 'last_ms')
  local status = field[1]
  if status ~= 'pending' and status ~= 'running' then
    gone[#gone + 1] = id
  elseif field[2] == 'external' then
    external[#external + 1] = { id = id, due = (tonumber(field[5]) or now) + idle_ms }
  elseif field[2] == executor then
    -- One whose stream can't be read is left as it is, and does not keep the others from theirs.
    local found = redis.pcall('XRANGE', dispatch, field[3] or '-', field[3] or '-')
    if not found.err and (not field[3] or #found == 0) then
      without_entry[#without_entry + 1] = { run = run, dispatch = dispatch, id = id }
    end
    local lapsed = now - (tonumber(field[4] or now) or now)
    if status == 'running' and lapsed > 0 then
      reply[#reply + 1] = id
      reply[#reply + 1] = executor
      reply[#reply + 1] = lapsed
    end
  end
end
for _, one in ipairs(without_entry) do
  redis.call('HSET', one.run, 'dispatch', redis.call('XADD', one.dispatch, '*', 'r', one.id))
end
if idle_ms > 0 then
  for _, one in ipairs(external) do redis.call('ZADD', KEYS[1], 'XX', one.due, one.id) end
end
for _, id in ipairs(gone) do redis.call('ZREM', KEYS[1], id) end
reply[1] = #without_entry
return reply
