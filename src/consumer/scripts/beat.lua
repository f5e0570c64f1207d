-- Renews the leases of entries that a consumer has in hand, begun or not. What has another attempt, or another consumer,
-- is lost.
--
-- KEYS  1 stream  2 entries  3 owner  4 meta  5… done markers
-- ARGV  1 group  2 consumer  3 lease ms  4 least id  5 greatest id
--       6… per entry: id, token, '' when it is not begun; number of its marker among KEYS or 0; owner's fence or '';
--       replay epoch
-- Reply the ids that were lost

--- include group.lua

local stream, group, consumer, lease = KEYS[1], ARGV[1], ARGV[2], whole(ARGV[3], 'the lease')
local FIRST, EACH = 6, 5
local ids, markers = {}, {}
for a = FIRST, #ARGV, EACH do
  ids[#ids + 1] = ARGV[a]
  markers[#markers + 1] = key_number(ARGV[a + 2])
end
redis.call('XLEN', stream)
local owner = redis.call('HGET', KEYS[3], 'fence')
local epoch = redis.call('HGET', KEYS[4], 'epoch') or '0'
local states = read_in_pages({ 'HMGET', KEYS[2] }, ids)
local mine = held_by(stream, group, consumer, ids, ARGV[4], ARGV[5])
local marks = read_markers(markers)
local held, lost = {}, {}
for i, id in ipairs(ids) do
  local a = FIRST + (i - 1) * EACH
  local token, fence = ARGV[a + 1], ARGV[a + 3]
  local is_ours = mine[id] and (token == '' or attempt_state(states[i], token, epoch == ARGV[a + 4]))
  if is_ours and (fence == '' or fence == owner) then
    held[#held + 1] = id
    local key = markers[i] > 0 and KEYS[markers[i]]
    -- It may have lapsed in an outage. Another entry's is left alone.
    if key and (not marks[key] or marks[key] == id) then redis.call('SET', key, id, 'PX', lease) end
  else
    lost[#lost + 1] = id
  end
end
-- JUSTID leaves Redis's own delivery count alone, and 0 resets the idle time.
call_in_pages({ 'XCLAIM', stream, group, consumer, 0 }, held, { 'JUSTID' })
return lost
