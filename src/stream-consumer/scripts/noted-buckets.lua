-- In which buckets something was touched lately.
--
-- KEYS  1 touched buckets
-- ARGV  1 how far to look back, ms
-- Reply {now, then topic and bucket, and time, of each…}

--- include ../../redis/scripts/time.lua
--- include ../../redis/scripts/arguments.lua
--- include ../../redis/scripts/pages.lua

local back = whole(ARGV[1], 'how far to look back')
local now = now_ms()
return reply_with({ now }, redis.call('ZRANGE', KEYS[1], now - back, '+inf', 'BYSCORE', 'WITHSCORES'))
