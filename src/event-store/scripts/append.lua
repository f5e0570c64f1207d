-- Appends events to a run: all or none, in one step.
--
-- KEYS  1 run  2 events  3 idempotency keys  4 journal  5 journal:last  6 active  7 request
--       8 index  9 meter
-- ARGV  1 run id  2 run channel  3 journal channel
--       4 events kept  5 event TTL s  6 run TTL s  7 idle time-out ms (the sweep's: end-lost.lua)
--       8 fence or ''  9 expected sequence or ''  10 request fingerprint or ''  11 request TTL s
--       12 '1' when a lifecycle event comes from outside the executor
--       13 limits of the tenant (meter.lua) or ''
--       14… the events, as read_event() takes them
-- Reply {'OK', stored, duplicates, id…} | {'REPLAYED', run id, answer} | {'NOT_FOUND'} | {'CONFLICT', run id} | {'EXECUTOR', name}
--       | {'FENCED'} | {'ENDED', status} | {'SEQUENCE', n} | {'LIMIT', name, value, ms};
--       of several ids without duplicates only the first

--- include write-events.lua
--- include remembered.lua

local FIRST_EVENT = 14
local k = {
  run = KEYS[1], events = KEYS[2], keys = KEYS[3], journal = KEYS[4], journal_last = KEYS[5], active = KEYS[6],
  index = KEYS[8],
}
local limits = { max_events = tonumber(ARGV[4]), event_ttl = tonumber(ARGV[5]), run_ttl = tonumber(ARGV[6]) }
local fence, expected, fingerprint = ARGV[8], ARGV[9], ARGV[10]

local field = redis.call('HMGET', k.run, 'status', 'sequence', 'last_ms', 'fence', 'executor', 'journal_first', 'deleting')
if not field[1] or field[7] then return { 'NOT_FOUND' } end
local run = {
  id = ARGV[1], status = field[1], sequence = tonumber(field[2]), last_ms = tonumber(field[3]), fence = field[4],
  executor = field[5], journal_first = field[6],
}

local earlier = fingerprint ~= '' and remembered(KEYS[7], fingerprint)
if earlier then return earlier end

-- An event whose key the run has, or that came earlier in this batch, is answered with its first id.
local count = (#ARGV - FIRST_EVENT + 1) / EVENT_ARGS
local known, fresh, fresh_index, index_of_key = {}, {}, {}, {}
local has_keys
for i = 1, count do
  local event = read_event(FIRST_EVENT, i - 1)
  local same, first_id
  if event.key ~= '' then
    if has_keys == nil then has_keys = redis.call('HLEN', k.keys) > 0 end
    same = index_of_key[event.key]
    first_id = not same and has_keys and redis.call('HGET', k.keys, event.key)
  end
  if first_id then
    known[i] = first_id
  elseif same then
    fresh_index[i] = same
  else
    fresh[#fresh + 1] = event
    fresh_index[i] = #fresh
    if event.key ~= '' then index_of_key[event.key] = #fresh end
  end
end

local ids = {}
if #fresh > 0 then
  if ARGV[12] == '1' and run.executor ~= 'external' then return { 'EXECUTOR', run.executor } end
  if fence ~= '' and run.fence ~= fence then return { 'FENCED' } end
  if TERMINAL[run.status] then return { 'ENDED', run.status } end
  if expected ~= '' and tonumber(expected) ~= run.sequence then return { 'SEQUENCE', run.sequence } end

  local note
  if ARGV[13] ~= '' then
--- include meter.lua
    local bytes, ends = 0, false
    for i = 1, #fresh do
      bytes = bytes + #fresh[i].body
      ends = ends or TERMINAL[fresh[i].status] or false
    end
    local refusal
    -- A run can always end: what it holds would only stay longer.
    refusal, note = meter(KEYS[9], ARGV[13], #fresh, bytes, ends)
    if refusal then return refusal end
  end

  local prefix, sequence = write_events(k, { run = ARGV[2], journal = ARGV[3] }, limits, run, fresh)
  if note then redis.call(unpack(note)) end
  if #fresh == count then
    -- Without duplicates the ids count up: the first says them all.
    ids[1] = prefix .. (sequence + 1)
  else
    for i = 1, count do ids[i] = known[i] or prefix .. (sequence + fresh_index[i]) end
  end
else
  ids = known
end

local reply = { #fresh, count - #fresh, unpack(ids) }
if fingerprint ~= '' then remember(KEYS[7], fingerprint, run.id, cjson.encode(reply), ARGV[11]) end
return { 'OK', unpack(reply) }
