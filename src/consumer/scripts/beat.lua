-- Extends the lease of entries that are being handled. One whose token is no longer current was taken over.
--
-- KEYS  1 stream  2 entries
-- ARGV  1 group  2 consumer  3 lease ms  4 prefix of done markers with the epoch, or ''
--       5… per entry: id, token, marker or ''
-- Reply the ids that were lost

local group, consumer = ARGV[1], ARGV[2]
local ids = {}
for a = 5, #ARGV, 3 do ids[#ids + 1] = ARGV[a] end
local states = redis.call('HMGET', KEYS[2], unpack(ids))
local held, lost = {}, {}
for i, id in ipairs(ids) do
  local a = 5 + (i - 1) * 3
  local token = states[i] and string.match(states[i], '^%d+ %d+ [rs] (%d+)')
  if token == ARGV[a + 1] then
    held[#held + 1] = id
    if ARGV[4] ~= '' and ARGV[a + 2] ~= '' then redis.call('PEXPIRE', ARGV[4] .. ARGV[a + 2], ARGV[3]) end
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
