-- A page of what a group was given and has no outcome for, oldest first: entries of the journal and of the redrives, in
-- the order of their ids. Nothing is written.
--
-- KEYS  1 journal  2 its entries  3 its delayed  4 redrives  5 their entries  6 their delayed  7 owner
-- ARGV  1 group  2 where to go on in the journal: '-', or '(' before an id  3 the same in the redrives
--       4 most entries  5 most bytes of bodies that are looked at; one entry is given in any case
-- Reply {now, '1' when there is more, '1' when the group is ordered, then for each entry:} {'1' for one of the redrives, id, consumer, ms since it was
--       given out or renewed, state or '', its lease in ms, ms at which it is due or '', event type or '', run id or '',
--       entry of the journal or ''}

--- include ../../redis/scripts/arguments.lua
--- include ../../redis/scripts/time.lua
--- include ../../redis/scripts/stream-group.lua
--- include lease.lua

local group, most = ARGV[1], whole(ARGV[4], 'the most entries', 1000)
local most_bytes = whole(ARGV[5], 'the most bytes')

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
  { stream = KEYS[1], entries = KEYS[2], delayed = KEYS[3], page = page_of(KEYS[1], ARGV[2]), at = 1, mark = '' },
  { stream = KEYS[4], entries = KEYS[5], delayed = KEYS[6], page = page_of(KEYS[4], ARGV[3]), at = 1, mark = '1' },
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

local reply, bytes = { now_ms(), '', redis.call('EXISTS', KEYS[7]) == 1 and '1' or '' }, 0
local source = oldest()
while source and #reply - 3 < most and bytes < most_bytes do
  local pending = source.page[source.at]
  source.at = source.at + 1
  local id, field = pending[1], {}
  local entry = redis.call('XRANGE', source.stream, id, id)[1]
  for i = 1, entry and #entry[2] or 0, 2 do
    field[entry[2][i]] = entry[2][i + 1]
    bytes = bytes + #entry[2][i + 1]
  end
  reply[#reply + 1] = {
    source.mark, id, pending[2], pending[3], redis.call('HGET', source.entries, id) or '',
    lease_of(pending[2], UNKNOWN),
    redis.call('ZSCORE', source.delayed, id) or '', field.t or '', field.r or '', field.o or '',
  }
  source = oldest()
end
if source then reply[2] = '1' end
return reply
