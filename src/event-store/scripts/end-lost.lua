-- Ends a run that nobody works on any more, if that is still so: an append or a beat that comes first wins. The deadline
-- of an external run in `active` is the earliest there can be; what holds is counted from its last event, so that an
-- append need not put it off.
--
-- KEYS  1 run  2 events  3 idempotency keys  4 journal  5 journal:last  6 active  7 dispatch  8 index
-- ARGV  1 run id  2 run channel  3 journal channel
--       4 events kept  5 event TTL s  6 run TTL s  7 idle time-out ms
--       8 who was lost: 'producer' | 'executor'  9 for how long an executor's lease must have run out ms  10 group
--       11… the terminal event as in append.lua
-- Reply 1, 0 when it is not lost (any more), or 2 when its deadline was put off

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
local lapsed_ms = whole(ARGV[9], 'the time since the lease ran out')
local event = read_event(11, 0)

local field = redis.call('HMGET', k.run, 'status', 'sequence', 'last_ms', 'executor', 'journal_first', 'deleting',
  'lease', 'dispatch')
local run = {
  id = ARGV[1], status = field[1], sequence = tonumber(field[2]), last_ms = tonumber(field[3]), executor = field[4],
  journal_first = field[5],
}
if not run.status or TERMINAL[run.status] then
  redis.call('ZREM', k.active, run.id)
  return 0
end
if field[6] or run.status ~= 'running' then return 0 end
local now = now_ms()
if ARGV[8] == 'producer' then
  if run.executor ~= 'external' or limits.idle_ms == 0 then return 0 end
  local due = run.last_ms + limits.idle_ms
  if due > now then
    redis.call('ZADD', k.active, 'XX', due, run.id)
    return 2
  end
else
  if run.executor == 'external' or now < (tonumber(field[7] or now) or now) + lapsed_ms then return 0 end
end

assert_types(k)
redis.call('XLEN', KEYS[7])
redis.call('HINCRBY', k.run, 'fence', 1)
write_events(k, { run = ARGV[2], journal = ARGV[3] }, limits, run, { event })
if ARGV[8] == 'executor' and field[8] then
  redis.pcall('XACK', KEYS[7], ARGV[10], field[8])
  redis.call('XDEL', KEYS[7], field[8])
end
return 1
