-- Says which number of partitions this process knows, and reads what has changed since.
--
-- KEYS  1 partitions  2 processes
-- ARGV  1 process, or '' for one that only looks  2 the version that it knows  3 the version that it said last
--       4 for how long a process is remembered, ms
-- Reply {now, version, field, value…}: fields only when the version is another than the one known

--- include ../../redis/scripts/time.lua
--- include ../../redis/scripts/arguments.lua
--- include ../../redis/scripts/pages.lua

local process, known, said = ARGV[1], ARGV[2], ARGV[3]
local kept = whole(ARGV[4], 'the time that processes are kept')
local now = now_ms()
local version = redis.call('HGET', KEYS[1], 'version') or '0'
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - kept)
if process ~= '' then
  if said ~= known then redis.call('ZREM', KEYS[2], process .. ' ' .. said) end
  redis.call('ZADD', KEYS[2], now, process .. ' ' .. known)
end
if version == known then return { now, version } end
return reply_with({ now, version }, redis.call('HGETALL', KEYS[1]))
