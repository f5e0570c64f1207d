-- What was touched in a bucket since a consumer last looked.
--
-- KEYS  1 touched  2 swept
-- ARGV  1 consumer  2 margin ms  3 for how long a touch is kept, ms  4 up to when the consumer has looked, or ''
--       5 most partitions  6 how many of them to pass over
-- Reply {now, '1' when touches may be forgotten that it did not look at, then partition and time of each touch…}

--- include ../../redis/scripts/time.lua
--- include ../../redis/scripts/arguments.lua
--- include ../../redis/scripts/pages.lua

local margin, kept = whole(ARGV[2], 'the margin'), whole(ARGV[3], 'the time that touches are kept')
local most, skip = whole(ARGV[5], 'the most partitions', 1000), whole(ARGV[6], 'the offset')
local now = now_ms()
redis.call('ZCARD', KEYS[1])
local known = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '')
if ARGV[4] ~= '' then
  known = whole(ARGV[4], 'the cursor')
  redis.call('HSET', KEYS[2], ARGV[1], known)
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - kept - margin)
local is_lost = not known or known < now - kept
local from = is_lost and '-inf' or known - margin
local touched = redis.call('ZRANGE', KEYS[1], from, '+inf', 'BYSCORE', 'LIMIT', skip, most, 'WITHSCORES')
return reply_with({ now, is_lost and '1' or '0' }, touched)
