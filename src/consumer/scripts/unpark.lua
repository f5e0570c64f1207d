-- Gives the owner of an ordered group the next of a run's parked entries, unless the first of them waits for its next try.
--
-- KEYS  1 stream  2 entries  3 delayed  4 meta  5 dead  6 owner  7 parked
-- ARGV  1 group  2 consumer  3 owner's fence  4 '1' when the source is the redrives  5 run  6 most entries
-- Reply {'FENCED'} | {ms until the first one may be tried again, or 0; entries buried; how many entries are parked now;
--       '1' when none of them is of the run; entries…}

--- include group.lua

if is_fenced(KEYS[6], ARGV[3]) then return { 'FENCED' } end
local k = { stream = KEYS[1], entries = KEYS[2], delayed = KEYS[3], dead = KEYS[5], is_redrive = ARGV[4] == '1' }
local parked, run, most = KEYS[7], ARGV[5], whole(ARGV[6], 'the most entries', MAX_CLAIMED)
assert_group_types(k)
local now = now_ms()
-- One more than are given, to know whether there is more.
local members = redis.call('ZRANGE', parked, '[' .. run .. ' ', '(' .. run .. '!', 'BYLEX', 'LIMIT', 0, most + 1)
local is_all = #members <= most
if not is_all then members[#members] = nil end
if #members == 0 then return { 0, 0, redis.call('ZCARD', parked), '1' } end

local ids = {}
for i, member in ipairs(members) do
  local ms, n = string.match(member, ' 0*(%d+)%-0*(%d+)$')
  ids[i] = ms .. '-' .. n
end
local due = redis.call('ZSCORE', k.delayed, ids[1])
if due and tonumber(due) > now then return { math.ceil(tonumber(due) - now), 0, redis.call('ZCARD', parked), '0' } end
-- A few at a time, since one may have a megabyte.
local STEP, MAX_BYTES = 4, 262144
local entries, buried, bytes, taken, done = {}, 0, 0, {}, {}
while #taken < #ids and bytes < MAX_BYTES do
  local step = {}
  for i = #taken + 1, math.min(#taken + STEP, #ids) do
    taken[i], done[i] = ids[i], members[i]
    -- What was settled, trimmed or replayed meanwhile is pending no more.
    if #redis.call('XPENDING', k.stream, ARGV[1], ids[i], ids[i], 1) > 0 then step[#step + 1] = ids[i] end
  end
  local claimed, gone = claim(k, ARGV[1], ARGV[2], 0, step, now)
  buried = buried + gone
  for _, entry in ipairs(claimed) do
    if entry then
      entries[#entries + 1] = entry
      for _, value in ipairs(entry[2]) do bytes = bytes + #value end
    end
  end
end
is_all = is_all and #taken == #ids
call_in_pages({ 'ZREM', parked }, done)
local states, unknown = {}, {}
for i, text in ipairs(read_in_pages({ 'HMGET', k.entries }, taken)) do
  local state = read_state(text)
  if state.flag == 'p' and state.attempts > 0 then
    state.flag = 'w'
    states[#states + 1] = taken[i]
    states[#states + 1] = write_state(state)
  elseif state.flag == 'p' then
    unknown[#unknown + 1] = taken[i]
  end
end
call_in_pages({ 'HSET', k.entries }, states)
call_in_pages({ 'HDEL', k.entries }, unknown)
call_in_pages({ 'ZREM', k.delayed }, taken)
return reply_with({ 0, buried, redis.call('ZCARD', parked), is_all and '1' or '0' }, entries)
