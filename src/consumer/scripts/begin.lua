-- Begins entries: takes a fencing token and raises their attempts, before any handler runs.
--
-- KEYS  1 stream  2 entries  3 delayed  4 meta  5 dead  6 owner
-- ARGV  1 group  2 consumer  3 owner's fence or ''  4 '1' to begin alone  5 most failures
--       6 prefix of done markers, '' for a source that has none  7 lease ms  8 '1' when the source is the redrives
--       9… per entry, in the order of their ids: id, its event's run and key as one string or '', delivery
-- Reply {'PAUSED'} | {'FENCED'} | {token, epoch, 'first'}: all of them run for the first time
--       | {token, epoch, then for each entry one of:}
--       attempt (a number: run it) | 'lost' | 'done' | 'elsewhere' | 'suspect' | 'dead'

--- include group.lua

local k = { stream = KEYS[1], entries = KEYS[2], delayed = KEYS[3], dead = KEYS[5], is_redrive = ARGV[8] == '1' }
local group, consumer, alone = ARGV[1], ARGV[2], ARGV[4] == '1'
local FIRST, EACH = 9, 3

if is_fenced(KEYS[6], ARGV[3]) then return { 'FENCED' } end
local meta = redis.call('HMGET', KEYS[4], 'paused', 'epoch')
if meta[1] == '1' then return { 'PAUSED' } end
local epoch = meta[2] or '0'

local ids = {}
for a = FIRST, #ARGV, EACH do ids[#ids + 1] = ARGV[a] end

-- One look at the pending list for the whole batch. The ids are in order, but other entries of ours may lie between.
-- An owner holds so many that it looks for each instead; it has taken all of them over, so whose they are does not
-- matter. That they are pending does: it may hold one twice, before and after it lost and regained the ownership.
local mine = {}
if ARGV[3] ~= '' then
  for _, id in ipairs(ids) do mine[id] = #redis.call('XPENDING', k.stream, group, id, id, 1) > 0 end
else
  mine = held_by(k.stream, group, consumer, ids)
end
local states = redis.call('HMGET', k.entries, unpack(ids))
local token = redis.call('HINCRBY', KEYS[4], 'token', 1)
local now = now_ms()

local reply, begun, acked = { token, epoch }, {}, {}
local first_state = string.format('1 0 %s %d 0 ', alone and 's' or 'r', token)
local all_first = true

-- Idle time counts from the read. An entry that waited to be begun would be taken for a dead process's otherwise, before
-- the first beat.
local waited = {}
local function renew(id)
  if type(mine[id]) == 'number' and mine[id] * 3 > tonumber(ARGV[7]) then waited[#waited + 1] = id end
end

-- Most entries were never begun, and their events have no key of a producer.
local function begin_first(i, id, delivery)
  begun[#begun + 1] = id
  begun[#begun + 1] = first_state .. delivery
  renew(id)
  reply[i + 2] = 1
end

local function begin(i, id, marker, delivery)
  all_first = false
  local state = read_state(states[i])
  local marker_key = marker ~= '' and ARGV[6] ~= '' and ARGV[6] .. epoch .. ':' .. marker
  local marked = marker_key and redis.call('GET', marker_key)
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
  elseif state.flag == 's' and state.failures + 1 >= tonumber(ARGV[5]) then
    state.failures = state.failures + 1
    bury(k, group, id, state, 'the process died while it handled this event', now)
    if marker_key then redis.call('DEL', marker_key) end
    reply[i + 2] = 'dead'
  elseif (state.flag == 's' or state.flag == 'r') and not alone then
    reply[i + 2] = 'suspect'
  else
    if state.flag == 's' then
      state.failures = state.failures + 1
      if state.first == 0 then state.first = now end
    end
    -- In an ordered group the owner itself keeps the time; elsewhere due.lua has taken it out already.
    if state.flag == 'w' then redis.call('ZREM', k.delayed, id) end
    state.attempts = state.attempts + 1
    state.flag = alone and 's' or 'r'
    state.token = token
    state.delivery = delivery
    if marker_key then redis.call('SET', marker_key, id, 'PX', ARGV[7]) end
    begun[#begun + 1] = id
    begun[#begun + 1] = write_state(state)
    renew(id)
    reply[i + 2] = state.attempts
  end
end

for i, id in ipairs(ids) do
  local arg = FIRST + (i - 1) * EACH
  local marker, delivery = ARGV[arg + 1], ARGV[arg + 2]
  if mine[id] and not states[i] and marker == '' then begin_first(i, id, delivery)
  else begin(i, id, marker, delivery) end
end
if #begun > 0 then redis.call('HSET', k.entries, unpack(begun)) end
if #waited > 0 then
  waited[#waited + 1] = 'JUSTID'
  redis.call('XCLAIM', k.stream, group, consumer, 0, unpack(waited))
end
if #acked > 0 then
  redis.call('XACK', k.stream, group, unpack(acked))
  redis.call('HDEL', k.entries, unpack(acked))
end
if all_first then return { token, epoch, 'first' } end
return reply
