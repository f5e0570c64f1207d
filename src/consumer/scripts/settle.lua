-- Records the outcomes of a batch of entries, each together with the effects that its handler made through its
-- context. Whoever does not hold the current token changes nothing.
--
-- Repeated with the same batch id, since the first answer may have been lost, it answers as the first time.
--
-- KEYS  1 stream  2 entries  3 delayed  4 meta  5 dead  6 owner  7 answer of this batch
-- ARGV  1 group  2 owner's fence or ''  3 TTL of done markers s  4 prefix of done markers, '' for a source that has none
--       5 most failures  6 '1' when the source is the redrives  7 prefix of the partition's keys
--       8 events kept  9 event TTL s  10 run TTL s  11 idle time-out ms
--       12 number of plain successes: without effects, which is what most outcomes are
--       13… per plain success: id, token, marker with its epoch or ''
--       then per other entry: id, token, marker, outcome, delay ms, error, number of effects, effects…
--           outcome: ok | retry | fail | release (handed back, not counted)
--           effect:  publish, run id, number of events, events as in append.lua
--                    start, run id, executor, task, input, labels, context, number of events, events
-- Reply {which of the plain successes were lost, counted from 1}, then for each other entry:
--       'ok' | 'lost' | 'retry' | 'dead' | 'released' | 'refused <reason>'

--- include ../../event-store/scripts/create-run.lua
--- include group.lua

local ANSWER_TTL = 120
local answered = redis.call('GET', KEYS[7])
if answered then return cjson.decode(answered) end

local k = { stream = KEYS[1], entries = KEYS[2], delayed = KEYS[3], dead = KEYS[5], is_redrive = ARGV[6] == '1' }
local group, prefix = ARGV[1], ARGV[7]
local most_failures = tonumber(ARGV[5])
local limits = {
  max_events = tonumber(ARGV[8]), event_ttl = tonumber(ARGV[9]), run_ttl = tonumber(ARGV[10]),
  idle_ms = tonumber(ARGV[11]),
}
local channels = { journal = prefix .. 'journal:live' }

local function run_keys(id)
  local run = prefix .. 'run:' .. id
  return {
    run = run, events = run .. ':events', keys = run .. ':keys', journal = prefix .. 'journal',
    journal_last = prefix .. 'journal:last', active = prefix .. 'runs:active', runs = prefix .. 'runs',
  }
end

local PLAIN, PLAIN_ARGS = 13, 3
local plain = tonumber(ARGV[PLAIN - 1])
local cursor = PLAIN + plain * PLAIN_ARGS
local function next_arg()
  cursor = cursor + 1
  return ARGV[cursor - 1]
end

local function read_events()
  local events = {}
  for i = 1, tonumber(next_arg()) do
    events[i] = read_event(cursor, 0)
    cursor = cursor + EVENT_ARGS
  end
  return events
end

local function read_effects()
  local effects = {}
  for i = 1, tonumber(next_arg()) do
    local effect = { kind = next_arg(), run = { id = next_arg() } }
    if effect.kind == 'start' then
      for _, name in ipairs({ 'executor', 'task', 'input', 'labels', 'context' }) do effect.run[name] = next_arg() end
    end
    effect.events = read_events()
    effects[i] = effect
  end
  return effects
end

local outcomes, ids = {}, {}
for i = 1, plain do ids[i] = ARGV[PLAIN + (i - 1) * PLAIN_ARGS] end
while cursor <= #ARGV do
  local outcome = {
    id = next_arg(), token = next_arg(), marker = next_arg(), kind = next_arg(), delay = tonumber(next_arg()),
    error = next_arg(),
  }
  outcome.effects = read_effects()
  outcomes[#outcomes + 1] = outcome
  ids[#ids + 1] = outcome.id
end

local function read_run(id)
  local field = redis.call('HMGET', prefix .. 'run:' .. id, 'status', 'sequence', 'last_ms', 'executor', 'journal_first', 'keys_cursor', 'deleting')
  return field[1] and not field[7] and {
    id = id, status = field[1], sequence = tonumber(field[2]), last_ms = tonumber(field[3]), executor = field[4],
    journal_first = field[5], keys_cursor = field[6],
  }
end

-- Why an entry's effects can't be made, or nil. Nothing was written yet: what would fail when they are made must fail
-- here, since Redis does not undo a script.
local function find_refusal(effects)
  local ended = {}
  for _, effect in ipairs(effects) do
    if effect.kind == 'publish' then
      local run = read_run(effect.run.id)
      if not run then return 'the run ' .. effect.run.id .. ' does not exist' end
      if TERMINAL[run.status] or ended[effect.run.id] then return 'the run ' .. effect.run.id .. ' has ended' end
      assert_types(run_keys(effect.run.id))
      for _, event in ipairs(effect.events) do if TERMINAL[event.status] then ended[effect.run.id] = true end end
    else
      local keys = run_keys(effect.run.id)
      assert_types(keys)
      redis.call('ZCARD', keys.runs)
      redis.call('XLEN', prefix .. 'dispatch:' .. effect.run.executor)
    end
  end
end

local function refusal(effects)
  local fine, reason = pcall(find_refusal, effects)
  if fine then return reason end
  return 'its effects fail: ' .. (type(reason) == 'table' and reason.err or tostring(reason))
end

local function make(effects)
  for _, effect in ipairs(effects) do
    local keys = run_keys(effect.run.id)
    channels.run = keys.run .. ':live'
    if effect.kind == 'start' then
      keys.dispatch = prefix .. 'dispatch:' .. effect.run.executor
      create_run(keys, channels, limits, effect.run, effect.events)
    else
      local fresh = {}
      for _, event in ipairs(effect.events) do
        if event.key == '' or redis.call('HEXISTS', keys.keys, event.key) == 0 then fresh[#fresh + 1] = event end
      end
      if #fresh > 0 then write_events(keys, channels, limits, read_run(effect.run.id), fresh) end
    end
  end
end

local fenced = is_fenced(KEYS[6], ARGV[2])
local states = redis.call('HMGET', k.entries, unpack(ids))
local now = now_ms()
local lost, done = {}, {}
for i = 1, plain do
  local arg = PLAIN + (i - 1) * PLAIN_ARGS
  local token, marker = ARGV[arg + 1], ARGV[arg + 2]
  if fenced or not states[i] or string.match(states[i], '^%d+ %d+ [rs] (%d+) ') ~= token then
    lost[#lost + 1] = i
  else
    if ARGV[4] ~= '' and marker ~= '' then redis.call('SET', ARGV[4] .. marker, 'done', 'EX', ARGV[3]) end
    done[#done + 1] = ids[i]
  end
end

local reply = { lost }
for i, outcome in ipairs(outcomes) do
  local state = read_state(states[plain + i])
  local marker_key = ARGV[4] ~= '' and outcome.marker ~= '' and ARGV[4] .. outcome.marker
  local marked = marker_key and redis.call('GET', marker_key)
  local held = not fenced and tostring(state.token) == outcome.token and (state.flag == 'r' or state.flag == 's')
  local kind = outcome.kind
  if not held then
    reply[i + 1] = 'lost'
  elseif kind == 'ok' and marked == 'done' then
    -- The marker lapsed in an outage, and the same event was handled in another entry: its effects are there.
    done[#done + 1] = outcome.id
    reply[i + 1] = 'ok'
  elseif kind == 'ok' then
    local refused = #outcome.effects > 0 and refusal(outcome.effects)
    if refused then
      reply[i + 1] = 'refused ' .. refused
    else
      make(outcome.effects)
      if marker_key then redis.call('SET', marker_key, 'done', 'EX', ARGV[3]) end
      done[#done + 1] = outcome.id
      reply[i + 1] = 'ok'
    end
  else
    if kind ~= 'release' then
      state.failures = state.failures + 1
      if state.first == 0 then state.first = now end
    end
    if marked == outcome.id then redis.call('DEL', marker_key) end
    if kind == 'fail' or (kind == 'retry' and state.failures >= most_failures) then
      bury(k, group, outcome.id, state, outcome.error, now)
      reply[i + 1] = 'dead'
    else
      if kind == 'release' then state.attempts = state.attempts - 1 end
      state.flag = 'w'
      redis.call('HSET', k.entries, outcome.id, write_state(state))
      redis.call('ZADD', k.delayed, now + outcome.delay, outcome.id)
      reply[i + 1] = kind == 'release' and 'released' or 'retry'
    end
  end
end
if #done > 0 then
  redis.call('XACK', k.stream, group, unpack(done))
  redis.call('HDEL', k.entries, unpack(done))
  if k.is_redrive then redis.call('XDEL', k.stream, unpack(done)) end
end
redis.call('SET', KEYS[7], cjson.encode(reply), 'EX', ANSWER_TTL)
return reply
