-- Parks entries of an ordered group: they stay pending for its owner, who no longer has them in memory. An entry's flag
-- says so, and a sorted set has them in the order in which each run's are to be handled.
--
-- KEYS  1 stream  2 entries  3 parked  4 owner
-- ARGV  1 group  2 owner's fence  3… per entry: id, its member of the sorted set: run, blank, padded id
-- Reply how many entries are parked now | 'FENCED'

--- include group.lua

if is_fenced(KEYS[4], ARGV[2]) then return 'FENCED' end
local FIRST, EACH = 3, 2
local ids, scored, states = {}, {}, {}
redis.call('XLEN', KEYS[1])
redis.call('HLEN', KEYS[2])
redis.call('ZCARD', KEYS[3])
for a = FIRST, #ARGV, EACH do
  ids[#ids + 1] = ARGV[a]
  scored[#scored + 1] = 0
  scored[#scored + 1] = ARGV[a + 1]
end
for i, text in ipairs(read_in_pages({ 'HMGET', KEYS[2] }, ids)) do
  local state = read_state(text)
  -- What was begun stays so: an attempt may be running, or have died.
  if state.flag ~= 'r' and state.flag ~= 's' then
    state.flag, state.delivery = 'p', '-'
    states[#states + 1] = ids[i]
    states[#states + 1] = write_state(state)
  end
end
call_in_pages({ 'HSET', KEYS[2] }, states)
call_in_pages({ 'ZADD', KEYS[3] }, scored)
return redis.call('ZCARD', KEYS[3])
