-- A page of what a group was given and has no outcome for, oldest first: entries of the journal and of the redrives, in
-- the order of their ids. Then what waits for more than an hour (later.lua), by when it is due. Nothing is written.
--
-- KEYS  1 journal  2 its entries  3 its delayed  4 redrives  5 their entries  6 their delayed  7 owner  8 later
--       9 later:entries
-- ARGV  1 group  2 where to go on in the journal: '-', or '(' before an id  3 the same in the redrives
--       4 most entries  5 most bytes of bodies that are looked at; one entry is given in any case
--       6 the name of the last one of those that wait for more than an hour, or ''  7 ms at which that is due, or 0
-- Reply {now, '1' when there is more, '1' when the group is ordered, then for each entry:} {where it is: journal | redrive |
--       later, id or name, consumer, ms since it was given out or renewed, or put there, state or '', its lease in ms, ms
--       at which it is due or '', event type or '', run id or '', entry of the journal or '', the source that it left when
--       it was to wait for more than an hour, or ''}

--- include ../../redis/scripts/arguments.lua
--- include ../../redis/scripts/time.lua
--- include ../../redis/scripts/stream-group.lua
--- include lease.lua
--- include later.lua

local group, most = ARGV[1], whole(ARGV[4], 'the most entries', 1000)
local most_bytes, last_due = whole(ARGV[5], 'the most bytes'), whole(ARGV[7], 'when the last one is due')

local function page_of(stream, from)
  if not find_group(stream, group) then return {} end
  return redis.call('XPENDING', stream, group, from, '+', most + 1)
end

local function parse(id)
  local ms, n = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(n)
end

local function is_before(id, other)
  local ms, n = parse(id)
  local other_ms, other_n = parse(other)
  return ms < other_ms or (ms == other_ms and n <= other_n)
end

local sources = {
  { stream = KEYS[1], entries = KEYS[2], delayed = KEYS[3], page = page_of(KEYS[1], ARGV[2]), at = 1, name = 'journal' },
  { stream = KEYS[4], entries = KEYS[5], delayed = KEYS[6], page = page_of(KEYS[4], ARGV[3]), at = 1, name = 'redrive' },
}

-- The source whose next entry is the oldest; nil at the end.
local function oldest()
  local journal, redrives = sources[1].page[sources[1].at], sources[2].page[sources[2].at]
  if not redrives then return journal and sources[1] end
  if not journal then return sources[2] end
  return is_before(journal[1], redrives[1]) and sources[1] or sources[2]
end

-- Whose lease is not known is never taken for gone here.
local UNKNOWN = 0

local now = now_ms()
local reply, bytes = { now, '', redis.call('EXISTS', KEYS[7]) == 1 and '1' or '' }, 0
local function has_room() return #reply - 3 < most and bytes < most_bytes end

local function add(where, id, consumer, idle_ms, state, due, fields)
  for i = 2, #fields, 2 do bytes = bytes + #fields[i] end
  local row = { where, id, consumer, idle_ms, state, lease_of(consumer, UNKNOWN), due }
  for _, name in ipairs({ 't', 'r', 'o', 'l' }) do row[#row + 1] = field_of(fields, name) or '' end
  reply[#reply + 1] = row
end

local source = oldest()
while source and has_room() do
  local pending = source.page[source.at]
  source.at = source.at + 1
  local id = pending[1]
  local entry = redis.call('XRANGE', source.stream, id, id)[1]
  local state = redis.call('HGET', source.entries, id) or ''
  local fields = entry and entry[2] or {}
  local due = redis.call('ZSCORE', source.delayed, id)
  -- With `ordering: run` what a group of workers has to try again is there by its run.
  if not due and string.match(state, '^%d+ %d+ w ') then
    due = redis.call('ZSCORE', source.delayed, field_of(fields, 'r') or '')
  end
  add(source.name, id, pending[2], pending[3], state, due or '', fields)
  source = oldest()
end

-- Where the last one was, or would be.
local rank = ARGV[6] ~= '' and redis.call('ZRANK', KEYS[8], ARGV[6])
local from = rank and rank + 1 or redis.call('ZCOUNT', KEYS[8], '-inf', '(' .. last_due)
local later = source and {} or redis.call('ZRANGE', KEYS[8], from, from + most, 'WITHSCORES')
local at = 1
while at < #later and has_room() do
  local text = redis.call('HGET', KEYS[9], later[at])
  local kept = text and cmsgpack.unpack(text) or { '', '', now }
  local fields = {}
  for i = LATER_HEAD + 1, #kept do fields[#fields + 1] = kept[i] end
  add('later', later[at], kept[2], math.max(now - tonumber(kept[3]), 0), kept[1], later[at + 1], fields)
  at = at + 2
end
if source or at < #later then reply[2] = '1' end
return reply
