-- Says that something is about to come in a partition.
--
-- KEYS  1 touched
-- ARGV  1 partition
-- Reply nothing

--- include ../../redis/scripts/time.lua

redis.call('ZADD', KEYS[1], 'GT', now_ms(), ARGV[1])
