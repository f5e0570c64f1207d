-- Begins entries: takes a fencing token and raises their attempts, before any handler runs.
--
-- KEYS  1 stream  2 entries  3 delayed  4 meta  5 dead  6 owner  7… done markers
-- ARGV  1 group  2 consumer  3 owner's fence or ''  4 '1' to begin alone  5 most failures
--       6 lease ms  7 '1' when the source is the redrives  8 the replay epoch that the markers' keys are of
--       9 least id  10 greatest id
--       11… per entry: id, number of its marker among KEYS or 0, delivery
-- Reply {'PAUSED'} | {'FENCED'} | {'EPOCH', epoch}: the markers are those of another | {token, epoch, 'first'}: all
--       of them run for the first time | {token, epoch, then for each entry one of:}
--       attempt (a number: run it) | 'lost' | 'done' | 'elsewhere' | 'dead'
--       | 'suspect': the process that had it died | 'alone': so did one before it, with nothing beside it to blame

--- include group.lua

local k = { stream = KEYS[1], entries = KEYS[2], delayed = KEYS[3], dead = KEYS[5], is_redrive = ARGV[7] == '1' }
local group, consumer, alone = ARGV[1], ARGV[2], ARGV[4] == '1'
local most_failures, lease = whole(ARGV[5], 'the most failures'), whole(ARGV[6], 'the lease')
local FIRST, EACH = 11, 3
local DIED = 'the process died while it handled this event'

if is_fenced(KEYS[6], ARGV[3]) then return { 'FENCED' } end
local meta = redis.call('HMGET', KEYS[4], 'paused', 'epoch')
if meta[1] == '1' then return { 'PAUSED' } end
local epoch = meta[2] or '0'

local ids, markers, has_markers = {}, {}, false
for a = FIRST, #ARGV, EACH do
  local number = key_number(ARGV[a + 1])
  ids[#ids + 1] = ARGV[a]
  markers[#markers + 1] = number
  has_markers = has_markers or number > 0
end
if has_markers and epoch ~= ARGV[8] then return { 'EPOCH', epoch } end
assert_group_types(k)

-- An owner holds so many that it looks for each instead; it has taken all of them over, so whose they are does not
-- matter. That they are pending does: it may hold one twice, before and after it lost and regained the ownership.
local mine = {}
if ARGV[3] ~= '' then
  for _, id in ipairs(ids) do mine[id] = #redis.call('XPENDING', k.stream, group, id, id, 1) > 0 end
else
  mine = held_by(k.stream, group, consumer, ids, ARGV[9], ARGV[10])
end
local states = read_in_pages({ 'HMGET', k.entries }, ids)
local marks = read_markers(markers)
local token = redis.call('HINCRBY', KEYS[4], 'token', 1)
local now = now_ms()

local reply, begun, acked = { token, epoch }, {}, {}
local first_state = string.format('1 0 %s %d 0 ', alone and 's' or 'r', token)
local all_first = true

-- Idle time counts from the read. An entry that waited to be begun would be taken for a dead process's otherwise, before
-- the first beat.
local waited = {}
local function renew(id)
  if type(mine[id]) == 'number' and mine[id] * 3 > lease then waited[#waited + 1] = id end
end

-- Most entries were never begun, and their events have no key of a producer.
local function begin_first(i, id, delivery)
  begun[#begun + 1] = id
  begun[#begun + 1] = first_state .. delivery
  renew(id)
  reply[i + 2] = 1
end

local function begin(i, id, marker_key, delivery)
  all_first = false
  local state = read_state(states[i])
  local marked = marker_key and marks[marker_key]
  if state.delivery == delivery and (state.flag == 'r' or state.flag == 's') then
    -- The answer to an earlier `begin` was lost, and no handler ran: that was no attempt.
    state.attempts = state.attempts - 1
    state.flag = state.flag == 's' and 'r' or 'w'
  end
  if not mine[id] then
    reply[i + 2] = 'lost'
  elseif marked == 'done' then
    reply[i + 2] = 'done'
    acked[#acked + 1] = id
  elseif marked and marked ~= id then
    reply[i + 2] = 'elsewhere'
  elseif state.flag == 's' and state.failures + 1 >= most_failures then
    state.failures = state.failures + 1
    bury(k, group, id, state, DIED, now)
    if marker_key then
      redis.call('DEL', marker_key)
      marks[marker_key] = nil
    end
    reply[i + 2] = 'dead'
  elseif (state.flag == 's' or state.flag == 'r') and not alone then
    -- A single failure would be the end of one that died beside the culprit.
    reply[i + 2] = (state.flag == 's' or most_failures <= 1) and 'alone' or 'suspect'
  else
    if state.flag == 's' then
      state.failures = state.failures + 1
      state.last_error = DIED
      if state.first == 0 then state.first = now end
    end
    -- In an ordered group the owner itself keeps the time; elsewhere take.lua has taken it out already.
    if state.flag == 'w' then redis.call('ZREM', k.delayed, id) end
    state.attempts = state.attempts + 1
    state.flag = alone and 's' or 'r'
    state.token = token
    state.delivery = delivery
    if marker_key then
      redis.call('SET', marker_key, id, 'PX', lease)
      marks[marker_key] = id
    end
    begun[#begun + 1] = id
    begun[#begun + 1] = write_state(state)
    renew(id)
    reply[i + 2] = state.attempts
  end
end

for i, id in ipairs(ids) do
  local delivery = ARGV[FIRST + (i - 1) * EACH + 2]
  local marker_key = markers[i] > 0 and KEYS[markers[i]]
  if mine[id] and not states[i] and not marker_key then begin_first(i, id, delivery)
  else begin(i, id, marker_key, delivery) end
end
call_in_pages({ 'HSET', k.entries }, begun)
call_in_pages({ 'XCLAIM', k.stream, group, consumer, 0 }, waited, { 'JUSTID' })
call_in_pages({ 'XACK', k.stream, group }, acked)
call_in_pages({ 'HDEL', k.entries }, acked)
if k.is_redrive then call_in_pages({ 'XDEL', k.stream }, acked) end
if all_first then return { token, epoch, 'first' } end
return reply
