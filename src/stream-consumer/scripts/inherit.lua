-- Takes over what a member that is gone had in hand in a bucket.
--
-- KEYS  1 what is held by the heir  2 what was held by the one that is gone
-- Reply the partitions

redis.call('SCARD', KEYS[1])
local held = redis.call('SMEMBERS', KEYS[2])
if #held > 0 then
  redis.call('SUNIONSTORE', KEYS[1], KEYS[1], KEYS[2])
  redis.call('DEL', KEYS[2])
end
return held
