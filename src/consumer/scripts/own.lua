-- Makes a consumer the owner of an ordered group's partition, or keeps it so.
--
-- KEYS  1 owner
-- ARGV  1 consumer  2 the fence it holds, or ''  3 lease ms; 0 gives the ownership up
-- Reply the fence, or '' when somebody else is the owner

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local owner = redis.call('HMGET', KEYS[1], 'consumer', 'fence', 'until')
local lease = tonumber(ARGV[3])

if owner[1] == ARGV[1] and owner[2] == ARGV[2] then
  -- The same owner; also one that overslept, as long as nobody else came.
  redis.call('HSET', KEYS[1], 'until', now + lease)
  return owner[2]
end
if lease == 0 or (owner[3] and tonumber(owner[3]) > now) then return '' end
local fence = redis.call('HINCRBY', KEYS[1], 'fence', 1)
redis.call('HSET', KEYS[1], 'consumer', ARGV[1], 'until', now + lease)
return tostring(fence)
