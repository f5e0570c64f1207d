-- Makes a consumer the owner of an ordered group's partition, or keeps it so.
--
-- KEYS  1 owner
-- ARGV  1 consumer  2 the fence it holds, or ''  3 lease ms; 0 gives the ownership up  4 '1' to leave an owner alone
--       whose lease has run out: after an outage the living come first
-- Reply the fence; '' when somebody else is the owner, or nobody any more

--- include ../../redis/scripts/time.lua
--- include ../../redis/scripts/arguments.lua

local now = now_ms()
local owner = redis.call('HMGET', KEYS[1], 'consumer', 'fence', 'until')
local lease = whole(ARGV[3], 'the lease')
-- 0: given up.
local lease_end = tonumber(owner[3] or '0') or 0

if lease == 0 then
  -- By its name, which no other consumer has: it may not have heard of its last fence.
  if owner[1] == ARGV[1] then redis.call('HSET', KEYS[1], 'until', 0) end
  return ''
end
if owner[1] == ARGV[1] and owner[2] == ARGV[2] then
  -- The same owner; also one that overslept, as long as nobody else came.
  redis.call('HSET', KEYS[1], 'until', now + lease)
  return owner[2]
end
if lease_end > now or (ARGV[4] == '1' and lease_end > 0) then return '' end
local fence = redis.call('HINCRBY', KEYS[1], 'fence', 1)
redis.call('HSET', KEYS[1], 'consumer', ARGV[1], 'until', now + lease)
return tostring(fence)
