-- Takes up a page of what others have left: entries whose consumer gave no sign of life for a whole lease.
--
-- KEYS  1 stream  2 entries  3 delayed  4 meta  5 dead
-- ARGV  1 group  2 consumer  3 lease ms  4 most entries  5 where to go on in the pending list (id)  6 '1' when the
--       source is the redrives
-- Reply {id to go on after or '' at the end, entries buried, entries…}

--- include group.lua

if redis.call('HGET', KEYS[4], 'paused') == '1' then return { '', 0 } end
local k = { stream = KEYS[1], entries = KEYS[2], delayed = KEYS[3], dead = KEYS[5], is_redrive = ARGV[6] == '1' }
local group, consumer, most = ARGV[1], ARGV[2], whole(ARGV[4], 'the most entries', MAX_CLAIMED)
assert_group_types(k)
local page = redis.call('XPENDING', k.stream, group, 'IDLE', ARGV[3], ARGV[5], '+', most)
local ids = {}
for _, pending in ipairs(page) do
  -- What waits for its delay is nobody's loss; take.lua takes it up.
  if not redis.call('ZSCORE', k.delayed, pending[1]) then ids[#ids + 1] = pending[1] end
end
local entries, buried = claim(k, group, consumer, ARGV[3], ids, now_ms())
local next = #page == most and '(' .. page[#page][1] or ''
return reply_with({ next, buried }, entries)
