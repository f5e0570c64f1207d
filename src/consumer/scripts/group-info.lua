-- How a group stands in one tenant. Nothing is written.
--
-- KEYS  1 journal  2 redrives  3 meta  4 dead  5 delayed of the journal  6 delayed of the redrives  7 journal:last
--       8 journal:deleted  9 later
-- ARGV  1 group
-- Reply {pending, not given out yet, ms of the oldest pending entry or 0, ms of the oldest that was not given out or 0,
--       delayed, dead letters, paused, when in ms and by whom or '', handler, last recovery, now, entries that the journal was given, of these in the
--       last minute, then for each consumer and source: name, pending, idle ms}

--- include ../../redis/scripts/time.lua
--- include ../../redis/scripts/pages.lua
--- include ../../event-store/scripts/journal-last.lua
--- include ../../event-store/scripts/journal-lag.lua
--- include ../../redis/scripts/stream-group.lua

local function ms_of(id) return tonumber(string.match(id, '^%d+')) end

-- 0 is none.
local function older(a, b)
  if a == 0 or b == 0 then return math.max(a, b) end
  return math.min(a, b)
end

local last = journal_last(KEYS[1], KEYS[7])
local sources = { { KEYS[1], false }, { KEYS[2], true } }
local pending, lag, oldest_pending, oldest_waiting, consumers = 0, 0, 0, 0, {}
for _, source in ipairs(sources) do
  local stream, is_redrive = source[1], source[2]
  local group = find_group(stream, ARGV[1])
  local next_id
  if group then
    local summary = redis.call('XPENDING', stream, ARGV[1])
    pending = pending + summary[1]
    if summary[1] > 0 then oldest_pending = older(oldest_pending, ms_of(summary[2])) end
    if is_redrive then
      -- What was redriven and handled is deleted, so what is left is pending or not given out yet.
      lag = lag + math.max(redis.call('XLEN', stream) - summary[1], 0)
      local next = redis.call('XRANGE', stream, '(' .. group['last-delivered-id'], '+', 'COUNT', 1)[1]
      next_id = next and next[1]
    else
      local behind
      behind, next_id = lag_after(group['last-delivered-id'], stream, KEYS[8], last)
      lag = lag + behind
    end
    for _, fields in ipairs(redis.call('XINFO', 'CONSUMERS', stream, ARGV[1])) do
      local consumer = as_table(fields)
      consumers[#consumers + 1] = consumer.name
      consumers[#consumers + 1] = consumer.pending
      consumers[#consumers + 1] = consumer.idle
    end
  elseif is_redrive then
    lag = lag + redis.call('XLEN', stream)
    local next = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
    next_id = next and next[1]
  end
  if next_id then oldest_waiting = older(oldest_waiting, ms_of(next_id)) end
end

-- What waits for more than an hour is in none of the streams. It is meant to be old.
local later = redis.call('ZCARD', KEYS[9])
pending = pending + later
local delayed = redis.call('ZCARD', KEYS[5]) + redis.call('ZCARD', KEYS[6]) + later
local appended = last and number_of(last) or 0
local now = now_ms()
local minute = redis.call('XRANGE', KEYS[1], now - 60000, '+', 'COUNT', 1)[1]
local meta = redis.call('HMGET', KEYS[3], 'paused', 'handler', 'recovery', 'paused_at', 'paused_by')
return reply_with({
  pending, lag, oldest_pending, oldest_waiting, delayed, redis.call('XLEN', KEYS[4]),
  meta[1] or '', meta[4] or '', meta[5] or '', meta[2] or '', meta[3] or '', now, appended, minute and appended - number_of(minute[1]) + 1 or 0,
}, consumers)
