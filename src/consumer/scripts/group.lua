-- Shared by the scripts of a consumer group. They work on one source of entries at a time: the tenant's journal, or
-- the group's own stream of redriven dead letters.
--
-- What the group knows of an entry that is pending is one field of the hash `entries`:
--
--   attempts failures flag token first_failure delivery last_error
--
-- attempts  how often it was begun
-- failures  how often that counts towards the limit: reported failures, and deaths while it was alone
-- flag      r  begun, no outcome yet            s  the same, and begun alone
--           w  an outcome that is to be tried again, or it was handed back
--           h  handed on by a consumer that did not want it, and never begun (hand-on.lua)
--           p  as w, or never begun, and parked (park.lua)
-- token     of the attempt, which alone may settle it; every begin takes a higher one
-- first_failure  ms, 0 without one
-- delivery  what the consumer that began it calls its holding of the entry: it tells an answer to `begin` that was lost
--           from a process that died. Of a group of workers it is another thing (../workers/scripts/lanes.lua)
-- last_error  why the last attempt failed, for operators to read; it may hold spaces
--
-- An entry that was settled for good has no field any more, and one that was not begun has none yet. Nor has the first
-- attempt at one that take.lua gave out as begun, which is most of them: it is held by whoever has it pending. Whoever
-- claims such an entry writes the field.

--- include ../../event-store/scripts/bury.lua
--- include ../../redis/scripts/time.lua
--- include ../../redis/scripts/arguments.lua
--- include ../../redis/scripts/pages.lua

-- Keys of a wrong type fail here, while nothing has happened yet. k: { stream, entries, delayed, dead }.
local function assert_group_types(k)
  redis.call('XLEN', k.stream)
  redis.call('HLEN', k.entries)
  redis.call('ZCARD', k.delayed)
  redis.call('XLEN', k.dead)
end

-- Which text each of these keys holds, by the key's name. One that holds something else is as good as none.
local function read_markers(numbers)
  local keys, marks = {}, {}
  for _, number in ipairs(numbers) do if number > 0 then keys[#keys + 1] = KEYS[number] end end
  local texts = read_in_pages({ 'MGET' }, keys)
  for i, key in ipairs(keys) do marks[key] = texts[i] end
  return marks
end

-- The place of a key among KEYS, as an argument says it; 0 for none.
local function key_number(text)
  return whole(text, 'the number of a key', #KEYS)
end

local function write_state(state)
  local text = string.format('%d %d %s %d %d %s', state.attempts, state.failures, state.flag, state.token, state.first,
    state.delivery)
  return state.last_error == '' and text or text .. ' ' .. state.last_error
end

-- Ordered groups: only the present owner may begin and settle. Others pass no fence.
local function is_fenced(owner_key, fence)
  return fence ~= '' and redis.call('HGET', owner_key, 'fence') ~= fence
end

-- Which entries are pending for a consumer, and for how many ms nobody renewed their lease. `first` and `last` are the
-- least and the greatest of the ids, so one look at the pending list is mostly enough; where many other entries lie
-- between, each is looked up.
local function held_by(stream, group, consumer, ids, first, last)
  local held, most = {}, 2 * #ids + 20
  if #ids == 0 then return held end
  local page = redis.call('XPENDING', stream, group, first, last, most, consumer)
  for _, pending in ipairs(page) do held[pending[1]] = pending[3] end
  if #page < most then return held end
  for _, id in ipairs(ids) do
    local pending = not held[id] and redis.call('XPENDING', stream, group, id, id, 1, consumer)[1]
    if pending then held[id] = pending[3] end
  end
  return held
end

-- What an attempt shows for its token: workers outside of the service must not guess another's.
local function token_of(state)
  local secret = string.match(state.delivery, '^@([^:]*)')
  return secret and string.format('%d.%s', state.token, secret) or tostring(state.token)
end

-- The state of an attempt, or nil where it has lost its entry. `held` tells what its consumer has pending.
local function attempt_state(text, token, is_held)
  if not text then
    return is_held and { attempts = 1, failures = 0, flag = 'r', token = token, first = 0, delivery = '-', last_error = '' }
  end
  local state = read_state(text)
  local is_current = (state.flag == 'r' or state.flag == 's') and token_of(state) == token
  return is_current and state or nil
end

-- How many entries one call may claim: their bodies are in its reply.
local MAX_CLAIMED = 1000

-- Gives entries to a consumer, body and all, and buries those whose body was trimmed: claiming drops them from the
-- pending list without a word.
local function claim(k, group, consumer, min_idle, ids, now)
  if #ids == 0 then return {}, 0 end
  -- At most MAX_CLAIMED.
  local claim = reply_with({ 'XCLAIM', k.stream, group, consumer, min_idle }, ids)
  local entries = redis.call(unpack(claim))
  local got = {}
  for _, entry in ipairs(entries) do if entry then got[entry[1]] = true end end
  local buried = 0
  for _, id in ipairs(ids) do
    if not got[id] and #redis.call('XRANGE', k.stream, id, id) == 0 then
      bury(k, group, id, read_state(redis.call('HGET', k.entries, id)), 'the event was trimmed or deleted before it was handled', now)
      buried = buried + 1
    end
  end
  return entries, buried
end
