-- What is pending in a source, and when somebody may have to take it over.
--
-- KEYS  1 stream
-- ARGV  1 group  2 consumer that asks  3 lease ms of consumers whose name has none
-- Reply {entries pending, ms until the first of others may be taken over, or -1}

--- include ../../redis/scripts/arguments.lua
--- include lease.lua

-- The oldest of them: a lease that ends later is found when the next look comes.
local MOST = 100

local lease = whole(ARGV[3], 'the lease')
local pending = redis.call('XPENDING', KEYS[1], ARGV[1])[1]
if pending == 0 then return { 0, -1 } end
local soonest = -1
for _, entry in ipairs(redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', MOST)) do
  if entry[2] ~= ARGV[2] then
    local left = math.max(0, lease_of(entry[2], lease) - entry[3])
    if soonest < 0 or left < soonest then soonest = left end
  end
end
return { pending, soonest }
