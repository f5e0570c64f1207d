-- Renews the leases of what a worker has.
--
-- KEYS  1 stream  2 entries  3 leased
-- ARGV  1 group  2 lease ms  3 '1' with `ordering: run`  4… per entry: id, token
-- Reply for each entry: ms at which its lease ends, or 0 when it is lost

--- include ../../scripts/group.lua
--- include ../../../redis/scripts/stream-group.lua
--- include lanes.lua

local k = { stream = KEYS[1], entries = KEYS[2], leased = KEYS[3], is_ordered = ARGV[3] == '1' }
local group, lease = ARGV[1], whole(ARGV[2], 'the lease')
redis.call('ZCARD', k.leased)
local FIRST, EACH = 4, 2
local reply, now = {}, now_ms()
local is_known = find_group(k.stream, group) ~= nil
for a = FIRST, #ARGV, EACH do
  local id = ARGV[a]
  local state = is_known and attempt_state(redis.call('HGET', k.entries, id), ARGV[a + 1])
  local pending = state and redis.call('XPENDING', k.stream, group, id, id, 1)[1]
  if pending then
    redis.call('ZADD', k.leased, now + lease, lane_of(k, id, run_of(state)))
    -- JUSTID leaves Redis's own delivery count alone, and 0 resets the idle time.
    redis.call('XCLAIM', k.stream, group, pending[2], 0, id, 'JUSTID')
  end
  reply[#reply + 1] = pending and now + lease or 0
end
return reply
