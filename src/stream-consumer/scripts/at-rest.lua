-- Whether there is nothing to do for a group in a stream, and in what goes with it: all of the stream was delivered to it,
-- and nothing is pending, or waits elsewhere. For many at a time (asks.lua).
--
-- KEYS  1 the stream, then streams whose entries go when they are done, then sorted sets of what waits
-- ARGV  1 group  2 most names of consumers that may lie in the stream: more are looked at, so that those that are gone
--       can be removed  3 number of streams whose entries go
-- Reply 1 it is at rest | 0 there is something, or may be | -1 the group is not there | -2 nor is its stream

--- include ../../redis/scripts/arguments.lua
--- include ../../redis/scripts/asks.lua
--- include ../../redis/scripts/stream-group.lua

local function reaches(id, other)
  local ms, sequence = string.match(id, '^(%d+)-(%d+)$')
  local other_ms, other_sequence = string.match(other, '^(%d+)-(%d+)$')
  if ms ~= other_ms then return tonumber(ms) > tonumber(other_ms) end
  return tonumber(sequence) >= tonumber(other_sequence)
end

-- What is known of each stream: several groups ask about the same.
local known = {}

local function look_at(stream)
  local found = known[stream]
  if found then return found end
  found = { is_there = redis.call('EXISTS', stream) == 1, groups = {} }
  if found.is_there then
    for _, fields in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
      local group = as_table(fields)
      found.groups[group.name] = group
    end
    found.last = as_table(redis.call('XINFO', 'STREAM', stream))['last-generated-id']
  end
  known[stream] = found
  return found
end

return answer_all(function(keys, args)
  local most, emptied = whole(args[2], 'the most consumers'), whole(args[3], 'the number of streams', #keys - 1)
  local stream = look_at(keys[1])
  local group = stream.groups[args[1]]
  if not group then return stream.is_there and -1 or -2 end
  if group.pending > 0 or group.consumers > most or not reaches(group['last-delivered-id'], stream.last) then
    return 0
  end
  for i = 2, #keys do
    if redis.call(i <= 1 + emptied and 'XLEN' or 'ZCARD', keys[i]) > 0 then return 0 end
  end
  return 1
end)
