-- Takes entries for a consumer: those whose delay is over or that were handed back, then new ones. With being taken the
-- first attempt at a new one begins: it needs no field of its own (group.lua). Among the redrives those that have come
-- back have one (later.lua), and are begun by whoever gets them. In an ordered group only the owner takes,
-- and only new ones, and begins them later: it has what is pending, and keeps the time itself.
--
-- KEYS  1 stream  2 entries  3 delayed  4 meta  5 dead  6 owner  7 later  8 later:entries
-- ARGV  1 group  2 consumer  3 most entries  4 '1' when the source is the redrives  5 owner's fence or ''
--       6 most bytes; one entry is given in any case
-- Reply {'FENCED'} | {'PAUSED'} | {ms until the next delay is over, or -1; entries buried;
--       '1' when there is, or may be, more; token of the attempts that have begun, or 0; replay epoch; how many of the
--       entries are not new; entries…}

--- include group.lua
--- include later.lua

local STEP = 16

if is_fenced(KEYS[6], ARGV[5]) then return { 'FENCED' } end
local meta = redis.call('HMGET', KEYS[4], 'paused', 'epoch')
if meta[1] == '1' then return { 'PAUSED' } end
local k = { stream = KEYS[1], entries = KEYS[2], delayed = KEYS[3], dead = KEYS[5], is_redrive = ARGV[4] == '1' }
local group, consumer, is_ordered = ARGV[1], ARGV[2], ARGV[5] ~= ''
local most, most_bytes = whole(ARGV[3], 'the most entries', MAX_CLAIMED), whole(ARGV[6], 'the most bytes')
local later = { due = KEYS[7], entries = KEYS[8] }
assert_group_types(k)
local has_later = redis.call('ZCARD', later.due) > 0
if has_later then
  redis.call('HLEN', later.entries)
  -- Without its group, whose absence is an error here, nothing comes back.
  redis.call('XPENDING', k.stream, group)
end

local entries, buried, next_ms, bytes, more = {}, 0, -1, 0, false

local function take_due(now)
  local due = redis.call('ZRANGE', k.delayed, '-inf', now, 'BYSCORE', 'LIMIT', 0, most)
  if #due > 0 then
    call_in_pages({ 'ZREM', k.delayed }, due)
    local ids = {}
    for i, text in ipairs(read_in_pages({ 'HMGET', k.entries }, due)) do
      local flag = read_state(text).flag
      -- Handed back by one consumer after another had taken it up: that one has it, or has settled it.
      local is_pending = #redis.call('XPENDING', k.stream, group, due[i], due[i], 1) > 0
      if is_pending and flag ~= 'r' and flag ~= 's' then ids[#ids + 1] = due[i] end
    end
    entries, buried = claim(k, group, consumer, 0, ids, now)
    more = #due == most
  end
  local first = redis.call('ZRANGE', k.delayed, 0, 0, 'WITHSCORES')
  if first[2] then next_ms = math.max(0, math.ceil(tonumber(first[2]) - now)) end
end

-- A group that was lost and made again is given once more what waits elsewhere.
local function without_later(page)
  if k.is_redrive or not has_later or #page == 0 then return page end
  local ids, wanted, known = {}, {}, {}
  for i, entry in ipairs(page) do ids[i] = entry[1] end
  for i, kept in ipairs(read_in_pages({ 'HMGET', later.entries }, ids)) do
    if kept then known[#known + 1] = ids[i] else wanted[#wanted + 1] = page[i] end
  end
  call_in_pages({ 'XACK', k.stream, group }, known)
  return wanted
end

local function take_new()
  -- One first, and never more than so far: what is read is given, and an entry may have megabytes.
  local step, largest = 1, 1
  while #entries < most do
    step = math.min(step, most - #entries)
    local reply = redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', step, 'STREAMS', k.stream, '>')
    local page = reply and reply[1][2] or {}
    for _, entry in ipairs(without_later(page)) do
      local size = 64
      for _, value in ipairs(entry[2]) do size = size + #value end
      bytes = bytes + size
      largest = math.max(largest, size)
      entries[#entries + 1] = entry
    end
    if #page < step then return end
    local fit = math.floor((most_bytes - bytes) / largest)
    if fit < 1 then break end
    step = math.min(STEP, math.max(#entries, 1), fit)
  end
  more = true
end

if not is_ordered and redis.call('ZCARD', k.delayed) > 0 then take_due(now_ms()) end
if k.is_redrive and has_later then
  local has_more, later_ms = bring_back(k, later, most, most_bytes, now_ms())
  more = more or has_more
  if later_ms >= 0 and (next_ms < 0 or later_ms < next_ms) then next_ms = later_ms end
end
local not_new = #entries
take_new()
local begins = #entries > not_new and not is_ordered
local token = begins and redis.call('HINCRBY', KEYS[4], 'token', 1) or 0
return reply_with({ next_ms, buried, more and '1' or '0', token, meta[2] or '0', not_new }, entries)
