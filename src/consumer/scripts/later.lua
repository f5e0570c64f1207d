-- Shared by the scripts that know of what is tried again in more than an hour. It leaves its source: body and state
-- lie in a hash of the group, and a sorted set has their names by when they are due. When it is due it becomes an entry
-- of the redrives, with its state, and that is all that is different about it from then on.
--
-- later: { due, entries }
-- The hash has by name, as MessagePack: {state, consumer that had it, ms at which it was put there, fields of the
-- entry…}; and in the field `bytes` how long all of these are. The fields are those of the event, and before them
--
--   o  the entry of the journal
--   l  the source that it had left first: journal | redrive
--
-- The name is the id of the journal's entry. Of a dead letter that was sent back it is 'r' and the id among the redrives:
-- the journal's entry may come by itself.

--- include ../../redis/scripts/fields.lua

-- What is due sooner stays where it is.
local LATER_MS = 3600000
-- Of a group in one tenant. What comes beyond that stays where it is, too.
local MAX_LATER, MAX_LATER_BYTES = 10000, 64 * 1024 * 1024
-- Fields of what is kept before those of the entry.
local LATER_HEAD = 3

-- Keys of a wrong type fail here, while nothing has happened yet.
local function assert_later_types(later)
  redis.call('ZCARD', later.due)
  redis.call('HLEN', later.entries)
end

-- How much more may be put there.
local function later_room(later)
  local bytes = tonumber(redis.call('HGET', later.entries, 'bytes') or '0') or 0
  return { count = MAX_LATER - redis.call('ZCARD', later.due), bytes = MAX_LATER_BYTES - bytes }
end

-- What is to be kept of an entry, {name, text}; nil when its body is gone, or there is no room.
local function later_entry(k, later, id, state, consumer, now, room)
  local entry = room.count > 0 and redis.call('XRANGE', k.stream, id, id)[1]
  if not entry then return nil end
  local fields, origin, source = entry[2], id, 'journal'
  if k.is_redrive then
    origin, source = field_of(fields, 'o') or id, field_of(fields, 'l') or 'redrive'
  end
  local kept = { write_state(state), consumer, string.format('%.0f', now), 'o', origin, 'l', source }
  for i = 1, #fields, 2 do
    if fields[i] ~= 'o' and fields[i] ~= 'l' then
      kept[#kept + 1] = fields[i]
      kept[#kept + 1] = fields[i + 1]
    end
  end
  local name, text = source == 'journal' and origin or 'r' .. id, cmsgpack.pack(kept)
  if #text > room.bytes or redis.call('HEXISTS', later.entries, name) == 1 then return nil end
  room.count, room.bytes = room.count - 1, room.bytes - #text
  return { name = name, text = text }
end

local function keep_for_later(later, entry, due)
  redis.call('HSET', later.entries, entry.name, entry.text)
  redis.call('HINCRBY', later.entries, 'bytes', #entry.text)
  redis.call('ZADD', later.due, due, entry.name)
end

local function forget_later(later, names)
  local bytes = 0
  for _, name in ipairs(names) do bytes = bytes + redis.call('HSTRLEN', later.entries, name) end
  call_in_pages({ 'HDEL', later.entries }, names)
  call_in_pages({ 'ZREM', later.due }, names)
  if redis.call('ZCARD', later.due) == 0 then redis.call('DEL', later.entries)
  else redis.call('HINCRBY', later.entries, 'bytes', -bytes) end
end

-- Makes entries of the redrives of what is due: `most`, and so many bytes but one in any case. Answers whether there is
-- more, and in how many ms the next is due, or -1.
local function bring_back(k, later, most, most_bytes, now)
  local names = redis.call('ZRANGE', later.due, '-inf', now, 'BYSCORE', 'LIMIT', 0, most)
  local back, bytes = {}, 0
  for i, name in ipairs(names) do
    local text = redis.call('HGET', later.entries, name)
    bytes = bytes + (text and #text or 0)
    if i > 1 and bytes > most_bytes then break end
    back[i] = name
    if text then
      local kept = cmsgpack.unpack(text)
      local entry = { 'XADD', k.stream, '*' }
      for at = LATER_HEAD + 1, #kept do entry[#entry + 1] = kept[at] end
      -- As many as an event has fields.
      redis.call('HSET', k.entries, redis.call(unpack(entry)), kept[1])
    end
  end
  if #back > 0 then forget_later(later, back) end
  local first = redis.call('ZRANGE', later.due, 0, 0, 'WITHSCORES')
  local next_ms = first[2] and math.max(0, math.ceil(tonumber(first[2]) - now)) or -1
  return next_ms == 0, next_ms
end
