-- Says that something was touched in a bucket.
--
-- KEYS  1 touched buckets
-- ARGV  1 topic and bucket  2 for how long it is kept, ms
-- Reply nothing

--- include ../../redis/scripts/time.lua
--- include ../../redis/scripts/arguments.lua

local kept = whole(ARGV[2], 'the time that it is kept')
local now = now_ms()
redis.call('ZADD', KEYS[1], 'GT', now, ARGV[1])
-- Topics come and go.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - kept)
