-- Whether a group has nothing to do in some streams: all of each was delivered to it, and nothing is pending, or waits
-- elsewhere to become an entry of one of them.
--
-- KEYS  the streams, then the sorted sets of what waits
-- ARGV  1 group  2 most names of consumers that may lie in a stream: more are looked at, so that those that are gone
--       can be removed  3 number of streams
-- Reply 1 it is at rest | 0 there is something, or may be | -1 a group is not there | -2 nor is its stream

--- include ../../redis/scripts/arguments.lua
--- include ../../redis/scripts/stream-group.lua

local function reaches(id, other)
  local ms, sequence = string.match(id, '^(%d+)-(%d+)$')
  local other_ms, other_sequence = string.match(other, '^(%d+)-(%d+)$')
  if ms ~= other_ms then return tonumber(ms) > tonumber(other_ms) end
  return tonumber(sequence) >= tonumber(other_sequence)
end

local most, streams = whole(ARGV[2], 'the most consumers'), whole(ARGV[3], 'the number of streams', #KEYS)
local is_at_rest = 1
for i = streams + 1, #KEYS do
  if redis.call('ZCARD', KEYS[i]) > 0 then is_at_rest = 0 end
end
for i = 1, streams do
  local stream = KEYS[i]
  local group, is_nowhere = find_group(stream, ARGV[1])
  if not group then return is_nowhere and -2 or -1 end
  local last = as_table(redis.call('XINFO', 'STREAM', stream))['last-generated-id']
  if group.pending > 0 or group.consumers > most or not reaches(group['last-delivered-id'], last) then is_at_rest = 0 end
end
return is_at_rest
