-- Leases a process a number of a tenant's open streams. What others hold counts until their leases end.
--
-- KEYS  1 hash: process → '<streams> <until ms>'
-- ARGV  1 process  2 how many it has open  3 how many it wants  4 limit  5 lease ms
-- Reply how many it holds: what it has open in any case, for nobody's stream is cut

--- include ../../redis/scripts/time.lua
--- include ../../redis/scripts/arguments.lua

local open, wanted = whole(ARGV[2], 'the number open'), whole(ARGV[3], 'the number wanted')
local limit, lease_ms = whole(ARGV[4], 'the limit'), whole(ARGV[5], 'the lease')
local now = now_ms()
local others = 0
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local count, ends = string.match(all[i + 1], '^(%d+) (%d+)$')
  -- One that would last longer than any lease is from a clock that was put back.
  local is_live = count and tonumber(ends) > now and tonumber(ends) <= now + 2 * lease_ms
  if not is_live then
    redis.call('HDEL', KEYS[1], all[i])
  elseif all[i] ~= ARGV[1] then
    others = others + count
  end
end
local held = math.max(open, math.min(wanted, limit - others))
if held > 0 then
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%d %d', held, now + lease_ms))
  redis.call('PEXPIRE', KEYS[1], lease_ms)
else
  redis.call('HDEL', KEYS[1], ARGV[1])
end
return held
