-- Hands a run to the executor of one process: raises its fence, so that whoever had it before can write nothing more,
-- and appends the event that says what happened, in one step.
--
-- KEYS  1 run  2 events  3 idempotency keys  4 journal  5 journal:last  6 active  7 dispatch  8 index
-- ARGV  1 run id  2 run channel  3 journal channel
--       4 events kept  5 event TTL s  6 run TTL s  7 idle time-out ms (0: never)
--       8 group  9 consumer  10 dispatch entry  11 lease ms
--       12 name of this taking up: repeated under it, since the first answer may have been lost, it answers the same
--       13 '1' when a lease that ran out counts: not so soon after an outage, since nobody could extend his
--       14 the attempts so far, of which the second event speaks
--       15 '1' to begin a run alone that has killed two processes or more
--       16 deaths of a run that was begun alone, after which it ends
--       17… three events as in append.lua: of a run that begins, of one whose executor was lost, and of one that was
--           lost too often. The second is terminal when the run is not to be started again. A fourth one for executors
--           outside: of a run that was given back, or whose holder was never heard of (the first time it happens).
-- Reply {'TAKEN', fence, attempt, id of the last event} | {'LOST'} the entry is not ours | {'HELD'} its executor lives
--       | {'OVER'} nothing is left to do | {'AGAIN'} it has another attempt by now
--       | {'SUSPECT'} it died twice or more: to be begun alone
--
-- Fields of the run: `deaths`, how often its process died; `deaths_alone`, of these, when it was begun alone; `alone`,
-- '1' while it was begun alone. Only `deaths_alone` ends a run: what ran beside it may have killed its process otherwise.
-- Of executors outside: `heard`, '1' once its holder has said anything; `unheard`, '1' once a holder never did.

--- include write-events.lua
--- include ../../redis/scripts/arguments.lua

local k = {
  run = KEYS[1], events = KEYS[2], keys = KEYS[3], journal = KEYS[4], journal_last = KEYS[5], active = KEYS[6],
  index = KEYS[8],
}
local limits = {
  max_events = whole(ARGV[4], 'the number of events kept'), event_ttl = whole(ARGV[5], 'the TTL of events'),
  run_ttl = whole(ARGV[6], 'the TTL of runs'), idle_ms = whole(ARGV[7], 'the idle time-out'),
}
local lease_ms = whole(ARGV[11], 'the lease')
local most_alone = whole(ARGV[16], 'deaths')
local dispatch, group, entry = KEYS[7], ARGV[8], ARGV[10]

local pending = redis.pcall('XPENDING', dispatch, group, entry, entry, 1, ARGV[9])
if pending.err or #pending == 0 then return { 'LOST' } end

local function over()
  redis.call('XACK', dispatch, group, entry)
  redis.call('XDEL', dispatch, entry)
  return { 'OVER' }
end

local field = redis.call('HMGET', k.run, 'status', 'sequence', 'last_ms', 'executor', 'journal_first', 'deleting',
  'attempt', 'fence', 'lease', 'taken', 'deaths', 'deaths_alone', 'alone', 'heard', 'unheard')
local run = {
  id = ARGV[1], status = field[1], sequence = tonumber(field[2]), last_ms = tonumber(field[3]), executor = field[4],
  journal_first = field[5],
}
if not run.status or field[6] or TERMINAL[run.status] then return over() end

local function taken()
  local now = redis.call('HMGET', k.run, 'fence', 'attempt', 'last_ms', 'sequence')
  return { 'TAKEN', tonumber(now[1]), tonumber(now[2]), now[3] .. '-' .. now[4] }
end
if field[10] == ARGV[12] then return taken() end
if field[7] ~= ARGV[14] then return { 'AGAIN' } end

local FIRST_EVENT, STARTS_AMONG_OTHERS = 17, 2
local event = read_event(FIRST_EVENT, 0)
local is_outside = #ARGV >= FIRST_EVENT + 4 * EVENT_ARGS - 1
local deaths, deaths_alone, alone, unheard = tonumber(field[11] or 0), tonumber(field[12] or 0), '0', field[15]
if run.status == 'running' then
  -- A lease of 0 was given back.
  local lease = tonumber(field[9] or 0) or 0
  if lease > 0 and (now_ms() < lease or ARGV[13] ~= '1') then return { 'HELD' } end
  -- The answer that gave it out may have been lost: that is no crash.
  local was_unheard = is_outside and lease > 0 and field[14] ~= '1' and unheard ~= '1'
  if was_unheard then unheard = '1' end
  local is_handed_out_again = is_outside and (lease == 0 or was_unheard)
  event = read_event(FIRST_EVENT, is_handed_out_again and 3 or 1)
  if lease > 0 and not is_handed_out_again and not TERMINAL[event.status] then
    deaths = deaths + 1
    if field[13] == '1' then deaths_alone = deaths_alone + 1 end
  end
  if deaths_alone >= most_alone then
    event = read_event(FIRST_EVENT, 2)
  elseif deaths >= STARTS_AMONG_OTHERS and not TERMINAL[event.status] then
    if ARGV[15] ~= '1' then return { 'SUSPECT' } end
    alone = '1'
  end
end

assert_types(k)
local ends = TERMINAL[event.status]
redis.call('HINCRBY', k.run, 'fence', 1)
if not ends then
  redis.call('HINCRBY', k.run, 'attempt', 1)
  redis.call('HSET', k.run, 'lease', now_ms() + lease_ms, 'taken', ARGV[12], 'dispatch', entry,
    'holder', ARGV[9], 'waiting_for', '', 'deaths', deaths, 'deaths_alone', deaths_alone, 'alone', alone)
  if is_outside then redis.call('HSET', k.run, 'heard', '0', 'unheard', unheard or '0') end
  redis.call('ZADD', k.index, 0, indexed(HELD, run.id))
end
write_events(k, { run = ARGV[2], journal = ARGV[3] }, limits, run, { event })
if ends then return over() end
return taken()
