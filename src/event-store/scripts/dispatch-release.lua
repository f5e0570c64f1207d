-- Gives an entry back, so that any process may take it up at once, and with it the lease of a run that was begun.
--
-- KEYS  1 dispatch  2 run
-- ARGV  1 group  2 consumer  3 entry  4 the fence under which the run was begun, or ''
--       5 for how long it must not be taken up ms, and 6 the lease ms after which others look: 0 and 0 for at once
-- Reply 1, or 0 when it is another's

--- include ../../redis/scripts/arguments.lua

-- More than any lease.
local LONG_AGO_MS = 86400000

local delay, lease = whole(ARGV[5], 'the delay'), whole(ARGV[6], 'the lease')
local pending = redis.pcall('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1)
if pending.err or #pending == 0 then return 0 end
-- Whose run it is its fence says: its entry may be with another, who found the run held.
if ARGV[4] == '' then
  if pending[1][2] ~= ARGV[2] then return 0 end
else
  if redis.call('HGET', KEYS[2], 'fence') ~= ARGV[4] then return 0 end
  redis.call('HSET', KEYS[2], 'lease', 0)
end
local idle = delay == 0 and LONG_AGO_MS or math.max(0, lease - delay)
redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'IDLE', idle, 'JUSTID')
return 1
