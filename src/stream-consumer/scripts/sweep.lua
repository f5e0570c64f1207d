-- What was touched in a bucket since a consumer last looked. For many at a time (asks.lua).
--
-- KEYS  1 touched  2 swept
-- ARGV  1 consumer  2 margin ms  3 for how long a touch is kept, ms  4 up to when the consumer has looked, or ''
--       5 most partitions  6 how many of them to pass over
-- Reply {now, '1' when touches may be forgotten that it did not look at, then partition and time of each touch…}

--- include ../../redis/scripts/time.lua
--- include ../../redis/scripts/arguments.lua
--- include ../../redis/scripts/asks.lua
--- include ../../redis/scripts/pages.lua

local now = now_ms()
-- Several consumers look at the same bucket.
local trimmed = {}

return answer_all(function(keys, args)
  local margin, kept = whole(args[2], 'the margin'), whole(args[3], 'the time that touches are kept')
  local most, skip = whole(args[5], 'the most partitions', 1000), whole(args[6], 'the offset')
  local known = args[4] ~= '' and whole(args[4], 'the cursor')
  if not trimmed[keys[1]] then redis.call('ZREMRANGEBYSCORE', keys[1], '-inf', now - kept - margin) end
  trimmed[keys[1]] = true
  if known then
    redis.call('HSET', keys[2], args[1], known)
  else
    known = tonumber(redis.call('HGET', keys[2], args[1]) or '')
  end
  local is_lost = not known or known < now - kept
  local from = is_lost and '-inf' or known - margin
  local touched = redis.call('ZRANGE', keys[1], from, '+inf', 'BYSCORE', 'LIMIT', skip, most, 'WITHSCORES')
  return reply_with({ now, is_lost and '1' or '0' }, touched)
end)
