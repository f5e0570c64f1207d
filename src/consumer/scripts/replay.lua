-- Sends a group back in the journal, under a new epoch, so that no done marker swallows what comes again (T51).
-- It only ever goes back: forward, it would pass over events that were not handled yet.
--
-- What the group knows of entries after that position is forgotten, and they are taken out of its pending list, so
-- that their attempts start afresh. An attempt that is running at this moment has lost its entry, and records nothing.
--
-- KEYS  1 journal  2 entries  3 delayed  4 meta  5 owner
-- ARGV  1 group  2 position: the id before the first entry to come again
-- Reply {the position taken, epoch} | {} when there is no such group

--- include ../../redis/scripts/pages.lua
--- include ../../redis/scripts/stream-group.lua

local function is_before(a, b)
  local a_ms, a_n = string.match(a, '^(%d+)-(%d+)$')
  local b_ms, b_n = string.match(b, '^(%d+)-(%d+)$')
  a_ms, a_n, b_ms, b_n = tonumber(a_ms), tonumber(a_n), tonumber(b_ms), tonumber(b_n)
  return a_ms < b_ms or (a_ms == b_ms and a_n < b_n)
end

local journal, group_name = KEYS[1], ARGV[1]
local group = find_group(journal, group_name)
if not group then return {} end
local position = ARGV[2]
if is_before(group['last-delivered-id'], position) then position = group['last-delivered-id'] end

-- Keys of a wrong type, and a position that is none, fail here, while nothing has happened yet.
redis.call('HLEN', KEYS[2])
redis.call('ZCARD', KEYS[3])
redis.call('HLEN', KEYS[5])
redis.call('XRANGE', journal, position, position)
local cursor = redis.call('HGET', KEYS[4], 'cursor')

local page
repeat
  page = redis.call('XPENDING', journal, group_name, '(' .. position, '+', PAGE)
  local ids = {}
  for i, pending in ipairs(page) do ids[i] = pending[1] end
  call_in_pages({ 'XACK', journal, group_name }, ids)
  call_in_pages({ 'HDEL', KEYS[2] }, ids)
  call_in_pages({ 'ZREM', KEYS[3] }, ids)
until #page < PAGE
redis.call('XGROUP', 'SETID', journal, group_name, position)

if not cursor or is_before(position, cursor) then redis.call('HSET', KEYS[4], 'cursor', position) end
-- The owner of an ordered group does not look at the pending list before it begins an entry: whoever owns it must
-- take it over anew.
if redis.call('EXISTS', KEYS[5]) == 1 then
  redis.call('HINCRBY', KEYS[5], 'fence', 1)
  redis.call('HSET', KEYS[5], 'until', 0)
end
return { position, redis.call('HINCRBY', KEYS[4], 'epoch', 1) }
