-- Makes a consumer group where there is none: at its durable cursor if it had one, so that a group lost in a failover
-- neither skips nor repeats everything.
--
-- KEYS  1 stream  2 meta
-- ARGV  1 group  2 where a new one begins: an id, or 'tail': with what is appended from here on
-- Reply 1 when it was made, else 0

--- include ../../event-store/scripts/time.lua
--- include stream-group.lua

-- Clocks of a cluster's nodes may differ by less. An id that lies further ahead is of a clock that was wrong.
local MAX_AHEAD_MS = 60000

if find_group(KEYS[1], ARGV[1]) then return 0 end
local from = redis.call('HGET', KEYS[2], 'cursor')
if not from and ARGV[2] == 'tail' then
  from = '$'
elseif not from then
  from = ARGV[2]
  -- All that is there came later than that moment really was.
  if tonumber(string.match(from, '^%d+')) > now_ms() + MAX_AHEAD_MS then from = '0' end
end
redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], from, 'MKSTREAM')
-- The meta of a group that was removed expires; it is this group's now.
redis.call('PERSIST', KEYS[2])
return 1
