-- Looks after runs that have an executor: gives one whose dispatch entry is gone (a flush, a failover) a new one, and
-- tells which have an executor that gave no sign of life in time.
--
-- KEYS  1 active
-- ARGV  1 prefix of the partition's keys  2… run ids
-- Reply {entries made again, then for each run whose lease ran out: run id, executor, for how many ms}

--- include time.lua

local now = now_ms()
local reply = { 0 }
for i = 2, #ARGV do
  local run = ARGV[1] .. 'run:' .. ARGV[i]
  local field = redis.call('HMGET', run, 'status', 'executor', 'dispatch', 'lease')
  local status, executor = field[1], field[2]
  if status ~= 'pending' and status ~= 'running' then
    redis.call('ZREM', KEYS[1], ARGV[i])
  elseif executor ~= 'external' then
    local dispatch = ARGV[1] .. 'dispatch:' .. executor
    if not field[3] or #redis.call('XRANGE', dispatch, field[3], field[3]) == 0 then
      redis.call('HSET', run, 'dispatch', redis.call('XADD', dispatch, '*', 'r', ARGV[i]))
      reply[1] = reply[1] + 1
    end
    local lapsed = now - tonumber(field[4] or now)
    if status == 'running' and lapsed > 0 then
      reply[#reply + 1] = ARGV[i]
      reply[#reply + 1] = executor
      reply[#reply + 1] = lapsed
    end
  end
end
return reply
