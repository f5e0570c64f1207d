-- Takes up entries whose delay is over, and those that another consumer handed back.
--
-- KEYS  1 stream  2 entries  3 delayed  4 meta  5 dead  6 owner
-- ARGV  1 group  2 consumer  3 most entries  4 '1' when the source is the redrives  5 owner's fence or ''
-- Reply {'FENCED'} | {'1' when the group is paused, entries buried, entries…}

--- include group.lua

if is_fenced(KEYS[6], ARGV[5]) then return { 'FENCED' } end
if redis.call('HGET', KEYS[4], 'paused') == '1' then return { '1', 0 } end
local k = { stream = KEYS[1], entries = KEYS[2], delayed = KEYS[3], dead = KEYS[5], is_redrive = ARGV[4] == '1' }
local most = whole(ARGV[3], 'the most entries', MAX_CLAIMED)
assert_group_types(k)
local now = now_ms()
local due = redis.call('ZRANGE', k.delayed, '-inf', now, 'BYSCORE', 'LIMIT', 0, most)
if #due == 0 then return { '0', 0 } end
call_in_pages({ 'ZREM', k.delayed }, due)
local ids = {}
for i, text in ipairs(read_in_pages({ 'HMGET', k.entries }, due)) do
  local flag = read_state(text).flag
  -- Handed back by one consumer after another had taken it up: that one has it, or has settled it.
  local is_pending = #redis.call('XPENDING', k.stream, ARGV[1], due[i], due[i], 1) > 0
  if is_pending and flag ~= 'r' and flag ~= 's' then ids[#ids + 1] = due[i] end
end
local entries, buried = claim(k, ARGV[1], ARGV[2], 0, ids, now)
return reply_with({ '0', buried }, entries)
