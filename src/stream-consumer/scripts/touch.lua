-- Says that something is about to come in a partition. One that fails half-way is made once more, so nothing is checked
-- before the first write.
--
-- KEYS  1 touched, then the indexes of upkeep
-- ARGV  1 partition
-- Reply nothing

--- include ../../redis/scripts/time.lua

local now = now_ms()
redis.call('ZADD', KEYS[1], 'GT', now, ARGV[1])
for i = 2, #KEYS do redis.call('ZADD', KEYS[i], now, ARGV[1]) end
