-- A sign of life of a member of a consumer.
--
-- KEYS  1 members
-- ARGV  1 member  2 for how long it is alive without one, ms  3 '1' when it leaves, '0' when it lives
-- Reply {'1' when it was not alive before, number of the living, the living…, then of those that are gone: name and
--       time of the last sign…}

--- include ../../redis/scripts/time.lua
--- include ../../redis/scripts/arguments.lua

-- A page of them: who is not on it comes when these are forgotten.
local MOST_GONE = 100
local alive_ms = whole(ARGV[2], 'the life')
local now = now_ms()
local before = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or '0')
redis.call('ZADD', KEYS[1], ARGV[3] == '1' and now - alive_ms - 1 or now, ARGV[1])
local living = redis.call('ZRANGE', KEYS[1], now - alive_ms, '+inf', 'BYSCORE', 'LIMIT', 0, 1000)
local gone = redis.call('ZRANGE', KEYS[1], '-inf', '(' .. now - alive_ms, 'BYSCORE', 'LIMIT', 0, MOST_GONE, 'WITHSCORES')
local reply = { before < now - alive_ms and '1' or '0', #living }
for _, name in ipairs(living) do reply[#reply + 1] = name end
for _, text in ipairs(gone) do reply[#reply + 1] = text end
return reply
