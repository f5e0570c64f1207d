-- Leases a process some of a tenant's requests per second. What was leased fills a bucket that holds one second's worth
-- and drains at the limit, so nobody has to give anything back: what a dead process had is there again when it has
-- drained.
--
-- KEYS  1 bucket: '<ms> <requests>'
-- ARGV  1 limit  2 how many are wanted
-- Reply {how many it may do, in how many ms to ask again if that is none}

--- include ../../redis/scripts/time.lua
--- include ../../redis/scripts/arguments.lua

local limit, wanted = whole(ARGV[1], 'the limit'), whole(ARGV[2], 'the number wanted')
local now = now_ms()
local at, used = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) (%S+)$')
-- A clock that was put back would stop the bucket: it begins anew.
local level = 0
if at and now >= tonumber(at) then level = math.max(0, used - (now - at) * limit / 1000) end
local leased = math.min(wanted, math.floor(limit - level))
if leased < 1 then return { 0, math.ceil((level + 1 - limit) * 1000 / limit) } end
level = level + leased
redis.call('SET', KEYS[1], string.format('%d %.3f', now, level), 'PX', math.ceil(level * 1000 / limit) + 1000)
return { leased, 0 }
