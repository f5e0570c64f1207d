-- Records the outcomes of a batch of entries, each together with the effects that its handler made through its
-- context. Whoever does not hold the current token changes nothing.
--
-- It works in three steps: it reads all arguments, decides what becomes of each entry, and only then writes, since
-- Redis does not undo a script that fails half-way. Repeated with the same batch id, since the first answer may have
-- been lost, it answers as the first time.
--
-- KEYS  1 stream  2 entries  3 delayed  4 meta  5 dead  6 owner  7 answer of this batch
--       8 journal  9 journal:last  10 active  11 runs  12 later  13 later:entries  14 index  15 meter
--       of a group of workers: leased  parked; then per run that effects are made to: run, events, idempotency keys;
--       then dispatch streams, and done markers
-- ARGV  1 group  2 owner's fence or ''  3 TTL of done markers s  4 most failures  5 '1' when the source is the redrives
--       6 journal channel  7 events kept  8 event TTL s  9 run TTL s  10 idle time-out ms
--       11 consumer  12 replay epoch in which all were begun  13 least id  14 greatest id
--       15 limits of the tenant (meter.lua) or ''
--       16 '' | of a group of workers, of which one outcome is given: ordering, ms of the first wait and of the longest, up
--          to 500: thousandths that are taken off a wait, TTL of the answer s
--       17 number of runs, then per run: id, channel
--       then the number of plain successes: without effects, which is what most outcomes are
--       then per plain success: id, token, number of its marker among KEYS or 0
--       then per other entry: id, token, number of its marker, outcome, delay ms, error, number of effects, effects…
--           outcome: ok | retry | fail | release (handed back, not counted) | limited (the same, and it is not for now)
--                    | backoff (of a group of workers: retry, after a wait that grows)
--           effect:  publish, run (counted from 1), number of events, events as in append.lua
--                    start, run, number of its dispatch stream among KEYS or 0, executor, task, input, labels,
--                    context, key or '', number of events, events
-- Reply {which of the plain successes were lost, counted from 1}, then for each other entry:
--       'ok' | 'lost' | 'retry' | 'dead' | 'released' | 'refused <reason>'
--       | 'limited <ms>', and for effects ' <limit> <value>' behind it: to be tried again after so long
--       Of a group of workers 'dead <reason>'; instead of refused 'failed <reason>'; in the end {runs that were started}

--- include ../../event-store/scripts/create-run.lua
--- include group.lua
--- include later.lua
--- include ../workers/scripts/lanes.lua

local ANSWER_TTL = 120
local MAX_LIMITED_MS = 10000
local ordering, first_wait, longest_wait, off_wait, answer_ttl = string.match(ARGV[16], '^(%a+) (%d+) (%d+) (%d+) (%d+)$')
local of_workers = ordering ~= nil
-- Of workers one hash has the answers for all that was given out at once, by entry.
local answered
if of_workers then answered = redis.call('HGET', KEYS[7], ARGV[13]) else answered = redis.call('GET', KEYS[7]) end
if answered then return cjson.decode(answered) end

-- Step 1: all arguments.

local k = { stream = KEYS[1], entries = KEYS[2], delayed = KEYS[3], dead = KEYS[5], is_redrive = ARGV[5] == '1' }
if of_workers then k.leased, k.parked, k.is_ordered = KEYS[16], KEYS[17], ordering == 'run' end
local first_run_key = of_workers and 18 or 16
local later = { due = KEYS[12], entries = KEYS[13] }
local group, fence = ARGV[1], ARGV[2]
local done_ttl, most_failures = whole(ARGV[3], 'the TTL of done markers'), whole(ARGV[4], 'the most failures')
local limits = {
  max_events = whole(ARGV[7], 'the number of events kept'), event_ttl = whole(ARGV[8], 'the TTL of events'),
  run_ttl = whole(ARGV[9], 'the TTL of runs'), idle_ms = whole(ARGV[10], 'the idle time-out'),
}

local consumer, epoch = ARGV[11], ARGV[12]
local cursor = 17
local function next_arg()
  cursor = cursor + 1
  return ARGV[cursor - 1]
end
local function next_whole(name, most) return whole(next_arg(), name, most) end
local function next_marker()
  local number = key_number(next_arg())
  return number > 0 and KEYS[number] or nil
end

local runs = {}
for r = 1, next_whole('the number of runs', #KEYS) do
  local at = first_run_key + 3 * (r - 1)
  runs[r] = {
    id = next_arg(), channels = { run = next_arg(), journal = ARGV[6] },
    keys = {
      run = KEYS[at], events = KEYS[at + 1], keys = KEYS[at + 2], journal = KEYS[8], journal_last = KEYS[9],
      active = KEYS[10], runs = KEYS[11], index = KEYS[14],
    },
  }
end

local function read_events()
  local events = {}
  for i = 1, next_whole('the number of events') do
    events[i] = read_event(cursor, 0)
    cursor = cursor + EVENT_ARGS
  end
  return events
end

local function read_effect()
  local effect = { kind = next_arg(), run = runs[next_whole('a run', #runs)] }
  if effect.kind == 'start' then
    local dispatch = key_number(next_arg())
    effect.dispatch = dispatch > 0 and KEYS[dispatch] or nil
    effect.record = { id = effect.run.id }
    for _, name in ipairs({ 'executor', 'task', 'input', 'labels', 'context', 'key' }) do
      effect.record[name] = next_arg()
    end
  end
  effect.events = read_events()
  return effect
end

local ids, markers, plain = {}, {}, {}
for i = 1, next_whole('the number of plain successes') do
  plain[i] = { id = next_arg(), token = next_arg(), marker = next_marker() }
  ids[i] = plain[i].id
end
local outcomes = {}
while cursor <= #ARGV do
  local outcome = {
    id = next_arg(), token = next_arg(), marker = next_marker(), kind = next_arg(), delay = next_whole('the delay'),
    error = next_arg(), effects = {},
  }
  for i = 1, next_whole('the number of effects') do outcome.effects[i] = read_effect() end
  if cursor > #ARGV + 1 then error('an outcome has too few arguments', 0) end
  outcomes[#outcomes + 1] = outcome
  ids[#ids + 1] = outcome.id
  if outcome.marker then markers[#markers + 1] = outcome.marker end
end

-- Step 2: what becomes of each. Nothing is written yet.

assert_group_types(k)
local fenced = is_fenced(KEYS[6], fence)
local states = read_in_pages({ 'HMGET', k.entries }, ids)
-- Attempts without a state. After a replay, and in an ordered group, that is no attempt of ours.
local stateless, mine = {}, {}
if fence == '' and not of_workers and (redis.call('HGET', KEYS[4], 'epoch') or '0') == epoch then
  for i, id in ipairs(ids) do if not states[i] then stateless[#stateless + 1] = id end end
  mine = held_by(k.stream, group, consumer, stateless, ARGV[13], ARGV[14])
end
local now = now_ms()
local marks = {}
for i, text in ipairs(read_in_pages({ 'MGET' }, markers)) do marks[markers[i]] = text end

local function read_run(run)
  local field = redis.call('HMGET', run.keys.run, 'status', 'sequence', 'last_ms', 'executor', 'journal_first', 'deleting')
  return field[1] and not field[6] and {
    id = run.id, status = field[1], sequence = tonumber(field[2]), last_ms = tonumber(field[3]), executor = field[4],
    journal_first = field[5],
  }
end

-- What a run will be once everything that was decided so far is made: 'missing' | 'live' | 'ended'.
local fates = {}
local function fate_of(run, own)
  local fate = own[run] or fates[run]
  if fate then return fate end
  local record = read_run(run)
  assert_types(run.keys)
  if not record then fate = 'missing'
  elseif not record.sequence or not record.last_ms then error('the record of the run ' .. run.id .. ' is damaged', 0)
  else fate = TERMINAL[record.status] and 'ended' or 'live' end
  fates[run] = fate
  return fate
end

-- Why an entry's effects can't be made, or nil. What would fail when they are made must fail here. `own` takes what
-- they make of runs.
local function find_refusal(effects, own)
  for _, effect in ipairs(effects) do
    local run = effect.run
    local fate = fate_of(run, own)
    if effect.kind == 'start' then
      if fate ~= 'missing' then return 'the run ' .. run.id .. ' exists already' end
      redis.call('ZCARD', run.keys.runs)
      if effect.dispatch then redis.call('XLEN', effect.dispatch) end
      own[run] = 'live'
    elseif fate == 'missing' then
      return 'the run ' .. run.id .. ' does not exist'
    end
    for _, event in ipairs(effect.events) do
      if fate_of(run, own) == 'ended' then return 'the run ' .. run.id .. ' has ended' end
      if TERMINAL[event.status] then own[run] = 'ended' end
    end
  end
end

local function refusal(effects)
  local own = {}
  local fine, reason = pcall(find_refusal, effects, own)
  if not fine then return 'its effects fail: ' .. (type(reason) == 'table' and reason.err or tostring(reason)) end
  if not reason then for run, fate in pairs(own) do fates[run] = fate end end
  return reason
end

-- Whether effects are over a limit of the tenant: as append.lua and create.lua have it. What is let in is let in whole.
local over_limit, note_effects = function() end, function() end
if ARGV[15] ~= '' then
--- include ../../event-store/scripts/meter.lua
  local most_active = tonumber((string.match(ARGV[15], '^%S+')))
  local started, events, bytes = 0, 0, 0
  over_limit = function(effects)
    local starts, more_events, more_bytes, ends = 0, 0, 0, false
    for _, effect in ipairs(effects) do
      if effect.kind == 'start' then
        starts, more_events = starts + 1, more_events + 1
        more_bytes = more_bytes + #effect.record.input + #effect.record.task
      else
        more_events = more_events + #effect.events
        for _, event in ipairs(effect.events) do
          more_bytes = more_bytes + #event.body
          ends = ends or TERMINAL[event.status] or false
        end
      end
    end
    if starts + more_events == 0 then return nil end
    if starts > 0 and most_active and redis.call('ZCARD', KEYS[10]) + started >= most_active then
      return { 'LIMIT', 'active_runs', most_active, 1000 }
    end
    local refused = meter(KEYS[15], ARGV[15], 0, 0, ends)
    if refused then return refused end
    started, events, bytes = started + starts, events + more_events, bytes + more_bytes
  end
  note_effects = function()
    if events == 0 then return nil end
    local _, note = meter(KEYS[15], ARGV[15], events, bytes, true)
    return note
  end
end

local room

-- Whether it leaves its source until it is due. In an ordered group its run would not wait for it.
local function is_for_later(outcome)
  if outcome.kind ~= 'retry' or outcome.delay <= LATER_MS or fence ~= '' then return false end
  room = room or later_room(later)
  outcome.kept = later_entry(k, later, outcome.id, outcome.state, consumer, now, room)
  return outcome.kept ~= nil
end

local lost, done = {}, {}
-- Which of those that are done have a state to be forgotten.
local with_state = {}
for i, entry in ipairs(plain) do
  local is_ours
  if of_workers then
    entry.state = attempt_state(states[i], entry.token)
    is_ours = entry.state ~= nil
  elseif states[i] then is_ours = string.match(states[i], '^%d+ %d+ [rs] (%d+) ') == entry.token
  else is_ours = mine[entry.id] end
  if fenced or not is_ours then
    lost[#lost + 1] = i
  else
    done[#done + 1] = entry.id
    if states[i] then with_state[#with_state + 1] = entry.id end
    entry.is_done = true
  end
end

-- As backoffMs() has it.
local function wait_after(failures)
  local full = math.min(tonumber(longest_wait), tonumber(first_wait) * 2 ^ math.min(failures - 1, 30))
  return math.floor(full * (1000 - tonumber(off_wait)) / 1000)
end

-- Answers how the outcome is recorded, and sets what is to be done for it.
local function decide(outcome, state)
  local marked, kind, limited = outcome.marker and marks[outcome.marker], outcome.kind, nil
  local failure
  if fenced or not state then return 'lost' end
  outcome.state = state
  if kind == 'ok' then
    -- The marker lapsed in an outage, and the same event was handled in another entry: its effects are there.
    if marked == 'done' then
      outcome.effects, outcome.marker = {}, nil
    else
      limited = over_limit(outcome.effects)
      failure = not limited and refusal(outcome.effects) or nil
      if failure and not of_workers then return 'refused ' .. failure end
    end
    if failure then
      kind, outcome.error, outcome.effects = 'backoff', failure, {}
    elseif not limited then
      if outcome.marker then marks[outcome.marker] = 'done' end
      outcome.acts = 'settle'
      return 'ok'
    end
    if limited then
      -- Not for too long: the limit may be raised.
      limited[4] = math.min(limited[4], MAX_LIMITED_MS)
      outcome.delay = limited[4]
    end
  end
  if limited or kind == 'release' or kind == 'limited' then
    state.attempts = state.attempts - 1
  else
    state.failures = state.failures + 1
    if state.first == 0 then state.first = now end
    state.last_error = outcome.error
  end
  if marked == outcome.id then
    outcome.unmark = true
    marks[outcome.marker] = nil
  end
  if kind == 'backoff' then
    kind, outcome.delay = 'retry', wait_after(state.failures)
  end
  local is_dead = kind == 'fail' or (kind == 'retry' and state.failures >= most_failures)
  state.flag = 'w'
  outcome.acts = is_dead and 'bury' or is_for_later(outcome) and 'keep' or 'wait'
  if limited then return string.format('limited %d %s %s', limited[4], limited[2], limited[3]) end
  if kind == 'limited' then return string.format('limited %d', outcome.delay) end
  if of_workers and is_dead then return 'dead ' .. outcome.error end
  if failure then return 'failed ' .. failure end
  return is_dead and 'dead' or kind == 'release' and 'released' or 'retry'
end

local reply = { lost }
for i, outcome in ipairs(outcomes) do
  reply[i + 1] = decide(outcome, attempt_state(states[#plain + i], outcome.token, mine[outcome.id]))
end

-- Whoever asks again wants to know which runs the first call has started.
if of_workers and outcomes[1] then
  local started = {}
  for _, effect in ipairs(reply[2] == 'ok' and outcomes[1].effects or {}) do
    if effect.kind == 'start' then started[#started + 1] = effect.run.id end
  end
  reply[3] = started
end

local note = note_effects()

-- Step 3: it is done.

local function make(effect)
  local run = effect.run
  if effect.kind == 'start' then
    run.keys.dispatch = effect.dispatch
    create_run(run.keys, run.channels, limits, effect.record, effect.events)
    return
  end
  local fresh, seen = {}, {}
  for _, event in ipairs(effect.events) do
    local is_known = event.key ~= '' and (seen[event.key] or redis.call('HEXISTS', run.keys.keys, event.key) == 1)
    if not is_known then fresh[#fresh + 1] = event end
    seen[event.key] = true
  end
  if #fresh > 0 then write_events(run.keys, run.channels, limits, read_run(run), fresh) end
end

local function acknowledge(entries, stateful)
  call_in_pages({ 'XACK', k.stream, group }, entries)
  call_in_pages({ 'HDEL', k.entries }, stateful)
  if k.is_redrive then call_in_pages({ 'XDEL', k.stream }, entries) end
end

-- Of a group of workers: what comes after it may be given out.
local function let_go(id, state)
  if of_workers then leave_lane(k, id, run_of(state)) end
end

local function record(outcome)
  if outcome.acts == 'settle' then
    for _, effect in ipairs(outcome.effects) do make(effect) end
    if outcome.marker then redis.call('SET', outcome.marker, 'done', 'EX', done_ttl) end
    -- At once: should a later outcome fail against all expectation, this one is not made again.
    acknowledge({ outcome.id }, { outcome.id })
    let_go(outcome.id, outcome.state)
    return
  end
  if outcome.unmark then redis.call('DEL', outcome.marker) end
  if outcome.acts == 'bury' then
    bury(k, group, outcome.id, outcome.state, outcome.error, now)
    let_go(outcome.id, outcome.state)
  elseif outcome.acts == 'keep' then
    keep_for_later(later, outcome.kept, now + outcome.delay)
    acknowledge({ outcome.id }, { outcome.id })
  elseif outcome.acts == 'wait' then
    redis.call('HSET', k.entries, outcome.id, write_state(outcome.state))
    local lane = of_workers and lane_of(k, outcome.id, run_of(outcome.state)) or outcome.id
    if of_workers then redis.call('ZREM', k.leased, lane) end
    redis.call('ZADD', k.delayed, now + outcome.delay, lane)
  end
end

local function record_all()
  if note then redis.call(unpack(note)) end
  for _, entry in ipairs(plain) do
    if entry.is_done and entry.marker then redis.call('SET', entry.marker, 'done', 'EX', done_ttl) end
  end
  acknowledge(done, with_state)
  for _, entry in ipairs(plain) do if entry.is_done then let_go(entry.id, entry.state) end end
  for _, outcome in ipairs(outcomes) do record(outcome) end
end

-- First of all, since this is what fails when Redis is out of memory: nothing has happened then.
if not of_workers then
  redis.call('SET', KEYS[7], cjson.encode(reply), 'EX', ANSWER_TTL)
elseif #lost == 0 and reply[2] ~= 'lost' then
  redis.call('HSET', KEYS[7], ids[1], cjson.encode(reply))
  redis.call('EXPIRE', KEYS[7], answer_ttl)
end
local fine, problem = pcall(record_all)
if not fine then
  if of_workers then redis.call('HDEL', KEYS[7], ids[1]) else redis.call('DEL', KEYS[7]) end
  error(problem, 0)
end
return reply
