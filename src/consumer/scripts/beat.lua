-- Extends the lease of entries that are being handled. One whose token is no longer current was taken over.
--
-- KEYS  1 stream  2 entries  3 owner
-- ARGV  1 group  2 consumer  3 lease ms  4 prefix of done markers, '' for a source that has none
--       5… per entry: id, token, marker with its epoch or '', owner's fence or ''
-- Reply the ids that were lost

--- include group.lua

local group, consumer, lease = ARGV[1], ARGV[2], ARGV[3]
local FIRST, EACH = 5, 4
local ids = {}
for a = FIRST, #ARGV, EACH do ids[#ids + 1] = ARGV[a] end
local states = redis.call('HMGET', KEYS[2], unpack(ids))
local held, lost = {}, {}
for i, id in ipairs(ids) do
  local a = FIRST + (i - 1) * EACH
  local state = read_state(states[i])
  local is_current = tostring(state.token) == ARGV[a + 1] and (state.flag == 'r' or state.flag == 's')
  if is_current and not is_fenced(KEYS[3], ARGV[a + 3]) then
    held[#held + 1] = id
    if ARGV[4] ~= '' and ARGV[a + 2] ~= '' then
      local key = ARGV[4] .. ARGV[a + 2]
      local marked = redis.call('GET', key)
      -- It may have lapsed in an outage. Another entry's is left alone.
      if not marked or marked == id then redis.call('SET', key, id, 'PX', lease) end
    end
  else
    lost[#lost + 1] = id
  end
end
-- JUSTID leaves Redis's own delivery count alone, and 0 resets the idle time.
if #held > 0 then
  local claim = { 'XCLAIM', KEYS[1], group, consumer, 0 }
  for _, id in ipairs(held) do claim[#claim + 1] = id end
  claim[#claim + 1] = 'JUSTID'
  redis.call(unpack(claim))
end
return lost
