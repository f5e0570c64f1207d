-- Gives entries to a worker: first what another lost, alone, then what waited and is due, then what is new. With being
-- given out an attempt begins, under a lease that only renew.lua makes longer.
--
-- An entry whose lease has ended may have killed its worker. It is given out again, with nothing beside it, so that the
-- next time it is known which one it was: then that is a failure.
--
-- KEYS  1 stream  2 entries  3 delayed  4 meta  5 dead  6 leased  7 parked
-- ARGV  1 group  2 consumer  3 lease ms  4 most entries  5 most bytes; one entry is given in any case
--       6 '1' when the source is the redrives  7 '1' with `ordering: run`  8 most failures  9 types as in a filter, or ''
--       10 terms: those that the group is on, or somebody has changed it  11 the secret part of the token
--       12 '1' when what was lost may be given out: nothing is beside it yet
-- Reply {'NO_GROUP'} | {'CHANGED'} | {'PAUSED'} | {ms until the next is due, or -1; entries buried; '1' when there is,
--       or may be, more; '1' when what is given is to stay alone; ms at which the leases end; token; then for each
--       entry:} {attempt, entry}

--- include ../../scripts/group.lua
--- include ../../scripts/dead-letter.lua
--- include ../../../redis/scripts/stream-group.lua
--- include lanes.lua

local STEP, MOST_LOOKED, MOST_LOOKED_BYTES = 16, 1000, 4194304
-- Entries of runs that have one before them, in one source. Beyond that nothing new is read until there are fewer.
local MOST_PARKED = 10000
-- Lanes of one kind that one call looks at.
local MOST_LANES = 200
local PARKED_FOR = 'parked'
local SILENT = 'the worker was silent for its lease while it handled this event'

local k = {
  stream = KEYS[1], entries = KEYS[2], delayed = KEYS[3], dead = KEYS[5], is_redrive = ARGV[6] == '1',
  leased = KEYS[6], parked = KEYS[7], is_ordered = ARGV[7] == '1',
}
local group, consumer, lease = ARGV[1], ARGV[2], whole(ARGV[3], 'the lease')
local most, most_bytes = whole(ARGV[4], 'the most entries', MAX_CLAIMED), whole(ARGV[5], 'the most bytes')
local most_failures, secret = whole(ARGV[8], 'the most failures'), ARGV[11]
-- An operator has sent it back: it was wanted.
local filter = not k.is_redrive and read_filter(ARGV[9]) or nil

if not find_group(k.stream, group) then return { 'NO_GROUP' } end
local meta = redis.call('HMGET', KEYS[4], 'paused', 'terms')
if meta[2] ~= ARGV[10] then return { 'CHANGED' } end
if meta[1] == '1' then return { 'PAUSED' } end
assert_group_types(k)
redis.call('ZCARD', k.leased)
redis.call('ZCARD', k.parked)

local now = now_ms()
local given, states, leased, bytes, largest, buried, more = {}, {}, {}, 0, 1, 0, false

local function first_score(key) return tonumber(redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]) end

-- What becomes due, or ends, by itself. What waits for now, and was not given, waits for the next call.
local function next_ms()
  local soonest = -1
  for _, key in ipairs({ k.leased, k.delayed }) do
    local score = first_score(key)
    local left = score and math.max(0, math.ceil(score - now))
    if left and (soonest < 0 or left < soonest) then soonest = left end
  end
  return soonest
end

local is_lost = (first_score(k.leased) or now + 1) <= now
local is_due = (first_score(k.delayed) or now + 1) <= now
local has_room = not k.is_ordered or redis.call('ZCARD', k.parked) < MOST_PARKED
-- First of all, since this is what fails when Redis is out of memory: nothing has happened then.
local token = redis.call('HINCRBY', KEYS[4], 'token', 1)

local function give(id, state, run, entry, flag)
  state.attempts, state.flag, state.token = state.attempts + 1, flag, token
  state.delivery = delivery_of(secret, run)
  states[#states + 1] = id
  states[#states + 1] = write_state(state)
  leased[#leased + 1] = now + lease
  leased[#leased + 1] = lane_of(k, id, run)
  given[#given + 1] = { state.attempts, entry }
  local size = 64 + size_of(entry[2])
  bytes, largest = bytes + size, math.max(largest, size)
end

-- The first entry of a lane and its state; nil when there is none that could be given, and the lane goes on.
local function first_in(lane)
  local id = head_of(k, lane)
  if not id then return clear_lane(k, lane) end
  local state = read_state(redis.call('HGET', k.entries, id))
  local run = k.is_ordered and lane or ''
  if #redis.call('XPENDING', k.stream, group, id, id, 1) == 0 then
    redis.call('HDEL', k.entries, id)
    more = true
    return leave_lane(k, id, run)
  end
  return id, state, run
end

local function give_up(id, state, run, reason)
  bury(k, group, id, state, reason, now)
  leave_lane(k, id, run)
  buried, more = buried + 1, true
end

-- Gives one that is pending to the worker; false when its body is gone.
local function claim_one(id, state, run, flag)
  local entry = redis.call('XCLAIM', k.stream, group, consumer, 0, id)[1]
  if not entry then
    give_up(id, state, run, 'the event was trimmed or deleted before it was handled')
    return false
  end
  give(id, state, run, entry, flag)
  return true
end

local function give_lost()
  for _, lane in ipairs(redis.call('ZRANGE', k.leased, '-inf', now, 'BYSCORE', 'LIMIT', 0, MOST_LANES)) do
    local id, state, run = first_in(lane)
    if id then
      if state.flag == 's' then
        state.failures, state.last_error = state.failures + 1, SILENT
        if state.first == 0 then state.first = now end
      end
      if state.flag == 's' and state.failures >= most_failures then give_up(id, state, run, SILENT)
      elseif claim_one(id, state, run, 's') then return true end
    end
  end
  return false
end

local function give_due()
  for _, lane in ipairs(redis.call('ZRANGE', k.delayed, '-inf', now, 'BYSCORE', 'LIMIT', 0, MOST_LANES)) do
    if #given == most or (#given > 0 and bytes + largest > most_bytes) then
      more = true
      return
    end
    local id, state, run = first_in(lane)
    if id and claim_one(id, state, run, 'r') then redis.call('ZREM', k.delayed, lane) end
  end
end

local function give_new()
  local looked, looked_bytes, step, unwanted, waiting, parked = 0, 0, 1, {}, {}, {}
  local is_end = false
  while #given < most and looked < MOST_LOOKED and looked_bytes < MOST_LOOKED_BYTES do
    local fit = math.floor((most_bytes - bytes) / largest)
    if #given > 0 and fit < 1 then break end
    -- One first, and never more than so far: what is read is given, and an entry may have megabytes.
    step = math.min(STEP, step, most - #given, math.max(fit, 1))
    local reply = redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', step, 'STREAMS', k.stream, '>')
    local page = reply and reply[1][2] or {}
    for _, entry in ipairs(page) do
      local id, run = entry[1], k.is_ordered and field_of(entry[2], 'r') or ''
      looked, looked_bytes = looked + 1, looked_bytes + size_of(entry[2])
      -- What has no type can't be read, and is to be found among the dead letters.
      if field_of(entry[2], 't') and not passes(filter, entry[2]) then
        unwanted[#unwanted + 1] = id
      else
        local is_first = not k.is_ordered or not head_of(k, run)
        if k.is_ordered then redis.call('ZADD', k.parked, 0, parked_member(run, id)) end
        if is_first then
          give(id, read_state(nil), run, entry, 'r')
        else
          waiting[#waiting + 1] = id
          states[#states + 1] = id
          states[#states + 1] = string.format('0 0 p 0 0 %s', delivery_of('', run))
        end
      end
    end
    is_end = #page < step
    if is_end then break end
    step = looked
  end
  more = more or not is_end
  call_in_pages({ 'XACK', k.stream, group }, unwanted)
  -- The worker does not have them.
  call_in_pages({ 'XCLAIM', k.stream, group, PARKED_FOR, 0 }, waiting, { 'JUSTID' })
end

local is_alone = is_lost and ARGV[12] == '1' and give_lost()
if is_lost and ARGV[12] ~= '1' then more = true end
if not is_alone then
  if is_due then give_due() end
  if has_room then give_new() end
end
call_in_pages({ 'HSET', k.entries }, states)
call_in_pages({ 'ZADD', k.leased }, leased)
local head = { next_ms(), buried, (more or is_alone) and '1' or '0', is_alone and '1' or '0', now + lease, token }
return reply_with(head, given)
