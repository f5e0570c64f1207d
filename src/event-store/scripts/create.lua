-- Creates a run; an external one with its first event, lifecycle.started, in the same step.
--
-- KEYS  1 run  2 events  3 idempotency keys  4 journal  5 journal:last  6 active  7 request  8 runs  9 dispatch
--       10 index  11 meter
-- ARGV  1 run id  2 run channel  3 journal channel
--       4 events kept  5 event TTL s  6 run TTL s  7 idle time-out ms (0: never)
--       8 request fingerprint or ''  9 request TTL s
--       10 executor  11 task  12 input  13 labels  14 context  15 key or ''
--       16 limits of the tenant (meter.lua) or ''
--       17… per event: as in append.lua; none for a run that waits for an executor
-- Reply {'OK', run id, record} | {'REPLAYED', run id} | {'CONFLICT', run id}
--       | {'LIMIT', name, value, ms}; record is [field, value, field, value…].
--       The run of REPLAYED and CONFLICT may be gone by now: its key is known to nobody but who reads the reply.

--- include create-run.lua
--- include remembered.lua

local FIRST_EVENT = 17
local k = {
  run = KEYS[1], events = KEYS[2], keys = KEYS[3], journal = KEYS[4], journal_last = KEYS[5], active = KEYS[6],
  runs = KEYS[8], dispatch = KEYS[9], index = KEYS[10],
}
local fingerprint = ARGV[8]

local earlier = fingerprint ~= '' and remembered(KEYS[7], fingerprint)
if earlier then return earlier end
-- The id of a run that a request was promised is known to all who sent it.
if fingerprint ~= '' and redis.call('EXISTS', KEYS[1]) == 1 then return { 'REPLAYED', ARGV[1] } end

-- Keys of a wrong type fail here, while nothing has happened yet.
redis.call('ZCARD', k.runs)
redis.call('XLEN', KEYS[9])
local limits = {
  max_events = tonumber(ARGV[4]), event_ttl = tonumber(ARGV[5]), run_ttl = tonumber(ARGV[6]),
  idle_ms = tonumber(ARGV[7]),
}
local events = {}
for i = 1, (#ARGV - FIRST_EVENT + 1) / EVENT_ARGS do events[i] = read_event(FIRST_EVENT, i - 1) end
local note
if ARGV[16] ~= '' then
--- include meter.lua
  local most_active = string.match(ARGV[16], '^%d+')
  if most_active and redis.call('ZCARD', k.active) >= tonumber(most_active) then
    return { 'LIMIT', 'active_runs', most_active, 1000 }
  end
  local refusal
  -- What it brings is its first event, whoever writes that.
  refusal, note = meter(KEYS[11], ARGV[16], 1, #ARGV[11] + #ARGV[12] + #ARGV[13] + #ARGV[14], false)
  if refusal then return refusal end
end
create_run(k, { run = ARGV[2], journal = ARGV[3] }, limits, {
  id = ARGV[1], executor = ARGV[10], task = ARGV[11], input = ARGV[12], labels = ARGV[13], context = ARGV[14],
  key = ARGV[15],
}, events)
if note then redis.call(unpack(note)) end

if fingerprint ~= '' then remember(KEYS[7], fingerprint, ARGV[1], '', ARGV[9]) end
return { 'OK', ARGV[1], redis.call('HGETALL', k.run) }
