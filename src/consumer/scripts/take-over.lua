-- Gives a page of the whole pending list to the owner of an ordered group, in the order of the ids: what is not parked.
--
-- KEYS  1 stream  2 entries  3 delayed  4 meta  5 dead  6 owner
-- ARGV  1 group  2 consumer  3 owner's fence  4 most entries  5 where to go on in the pending list  6 '1' when the
--       source is the redrives
-- Reply {'FENCED'} | {id to go on after or '' at the end, entries buried, entries…}

--- include group.lua

if is_fenced(KEYS[6], ARGV[3]) then return { 'FENCED' } end
local k = { stream = KEYS[1], entries = KEYS[2], delayed = KEYS[3], dead = KEYS[5], is_redrive = ARGV[6] == '1' }
local most = whole(ARGV[4], 'the most entries', MAX_CLAIMED)
assert_group_types(k)
local page = redis.call('XPENDING', k.stream, ARGV[1], ARGV[5], '+', most)
local looked, ids = {}, {}
for i, pending in ipairs(page) do looked[i] = pending[1] end
for i, text in ipairs(read_in_pages({ 'HMGET', k.entries }, looked)) do
  if read_state(text).flag ~= 'p' then ids[#ids + 1] = looked[i] end
end
local entries, buried = claim(k, ARGV[1], ARGV[2], 0, ids, now_ms())
local next = #page == most and '(' .. looked[#looked] or ''
return reply_with({ next, buried }, entries)
