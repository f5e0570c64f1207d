-- Looks again at what a worker was given. Nothing is written.
--
-- KEYS  1 stream  2 entries  3 leased
-- ARGV  1 '1' with `ordering: run`  2… per entry: id, token
-- Reply for each entry: {attempt, ms at which its lease ends, entry}, or {0} when it is lost

--- include ../../scripts/group.lua
--- include lanes.lua

local k = { stream = KEYS[1], entries = KEYS[2], leased = KEYS[3], is_ordered = ARGV[1] == '1' }
local FIRST, EACH = 2, 2
local reply, now = {}, now_ms()
for a = FIRST, #ARGV, EACH do
  local id = ARGV[a]
  local state = attempt_state(redis.call('HGET', k.entries, id), ARGV[a + 1])
  local until_ms = state and tonumber(redis.call('ZSCORE', k.leased, lane_of(k, id, run_of(state))) or '0') or 0
  local entry = until_ms > now and redis.call('XRANGE', k.stream, id, id)[1]
  reply[#reply + 1] = entry and { state.attempts, until_ms, entry } or { 0 }
end
return reply
