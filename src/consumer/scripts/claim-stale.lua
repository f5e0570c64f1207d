-- Takes up a page of what others have left: entries whose lease has ended. The lease stands at the end of the name of
-- the consumer that has the entry, since the next version's may be another.
--
-- KEYS  1 stream  2 entries  3 delayed  4 meta  5 dead
-- ARGV  1 group  2 consumer  3 lease ms of those whose name has none  4 most entries  5 where to go on in the pending
--       list (id)  6 '1' when the source is the redrives
-- Reply {id to go on after or '' at the end, entries buried, entries…}

--- include group.lua
--- include lease.lua

-- Entries that one call looks at.
local MOST_LOOKED = 1000
-- Its first attempt may have begun: it counts as one that died.
local TAKEN = '1 0 r 0 0 -'

if redis.call('HGET', KEYS[4], 'paused') == '1' then return { '', 0 } end
local k = { stream = KEYS[1], entries = KEYS[2], delayed = KEYS[3], dead = KEYS[5], is_redrive = ARGV[6] == '1' }
local group, consumer, lease = ARGV[1], ARGV[2], whole(ARGV[3], 'the lease')
local most = whole(ARGV[4], 'the most entries', MAX_CLAIMED)
assert_group_types(k)
local page = redis.call('XPENDING', k.stream, group, ARGV[5], '+', MOST_LOOKED)
local ids, next = {}, #page == MOST_LOOKED and '(' .. page[#page][1] or ''
for i, pending in ipairs(page) do
  -- What waits for its delay is nobody's loss; take.lua takes it up.
  if pending[3] >= lease_of(pending[2], lease) and not redis.call('ZSCORE', k.delayed, pending[1]) then
    ids[#ids + 1] = pending[1]
    if #ids == most and i < #page then
      next = '(' .. pending[1]
      break
    end
  end
end
local entries, buried = claim(k, group, consumer, 0, ids, now_ms())
for _, entry in ipairs(entries) do
  if entry then redis.call('HSETNX', k.entries, entry[1], TAKEN) end
end
return reply_with({ next, buried }, entries)
