-- Sends a group back in the journal, under a new epoch, so that no done marker swallows what comes again (T51).
-- It only ever goes back: forward, it would pass over events that were not handled yet.
--
-- What the group knows of entries after that position is forgotten, and they are taken out of its pending list, so
-- that their attempts start afresh. An attempt that is running at this moment has lost its entry, and records nothing.
-- The same goes for what left the journal to wait for more than an hour, unless the journal has it no more.
--
-- KEYS  1 journal  2 entries  3 delayed  4 meta  5 owner  6 later  7 later:entries  8 redrives  9 their entries
--       10 their delayed  11 leased  12 parked
-- ARGV  1 group  2 position: the id before the first entry to come again
-- Reply {the position taken, epoch} | {} when there is no such group

--- include ../../redis/scripts/pages.lua
--- include ../../redis/scripts/stream-group.lua
--- include ../../event-store/scripts/bury.lua
--- include later.lua
--- include ../workers/scripts/lanes.lua

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
local later, redrives = { due = KEYS[6], entries = KEYS[7] }, KEYS[8]
assert_later_types(later)
redis.call('XLEN', redrives)
redis.call('HLEN', KEYS[9])
redis.call('ZCARD', KEYS[10])
redis.call('ZCARD', KEYS[11])
redis.call('ZCARD', KEYS[12])
redis.call('XRANGE', journal, position, position)
local cursor = redis.call('HGET', KEYS[4], 'cursor')
local ordering = string.match(redis.call('HGET', KEYS[4], 'terms') or '', '^%d+ (%a+)')
-- Of a group of workers.
local lanes = ordering and { leased = KEYS[11], delayed = KEYS[3], parked = KEYS[12], is_ordered = ordering == 'run' }

local page
repeat
  page = redis.call('XPENDING', journal, group_name, '(' .. position, '+', PAGE)
  local ids = {}
  for i, pending in ipairs(page) do ids[i] = pending[1] end
  call_in_pages({ 'XACK', journal, group_name }, ids)
  for i, text in ipairs(lanes and read_in_pages({ 'HMGET', KEYS[2] }, ids) or {}) do
    leave_lane(lanes, ids[i], run_of(read_state(text)))
  end
  call_in_pages({ 'HDEL', KEYS[2] }, ids)
  call_in_pages({ 'ZREM', KEYS[3] }, ids)
until #page < PAGE
redis.call('XGROUP', 'SETID', journal, group_name, position)

local function comes_again(id)
  return is_before(position, id) and #redis.call('XRANGE', journal, id, id) > 0
end

local forgotten = {}
for _, name in ipairs(redis.call('ZRANGE', later.due, 0, -1)) do
  -- Not a dead letter that was sent back.
  if string.sub(name, 1, 1) ~= 'r' and comes_again(name) then forgotten[#forgotten + 1] = name end
end
if #forgotten > 0 then forget_later(later, forgotten) end
-- What has come back, and has no outcome yet.
local is_known, from = find_group(redrives, group_name) ~= nil, '-'
repeat
  page = redis.call('XRANGE', redrives, from, '+', 'COUNT', 100)
  local ids = {}
  for _, entry in ipairs(page) do
    from = '(' .. entry[1]
    if field_of(entry[2], 'l') == 'journal' and comes_again(field_of(entry[2], 'o')) then ids[#ids + 1] = entry[1] end
  end
  if is_known then call_in_pages({ 'XACK', redrives, group_name }, ids) end
  call_in_pages({ 'XDEL', redrives }, ids)
  call_in_pages({ 'HDEL', KEYS[9] }, ids)
  call_in_pages({ 'ZREM', KEYS[10] }, ids)
until #page < 100

if not cursor or is_before(position, cursor) then redis.call('HSET', KEYS[4], 'cursor', position) end
-- The owner of an ordered group does not look at the pending list before it begins an entry: whoever owns it must
-- take it over anew.
if redis.call('EXISTS', KEYS[5]) == 1 then
  redis.call('HINCRBY', KEYS[5], 'fence', 1)
  redis.call('HSET', KEYS[5], 'until', 0)
end
return { position, redis.call('HINCRBY', KEYS[4], 'epoch', 1) }
