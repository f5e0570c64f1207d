-- How a group stands in one tenant. How far it is behind in the journal, journal-info.lua tells. Nothing is written.
--
-- KEYS  1 journal  2 redrives  3 meta  4 dead  5 delayed of the journal  6 delayed of the redrives
-- ARGV  1 group
-- Reply {pending, redrives that were not given out yet, ms of the oldest pending entry or 0, delayed, dead letters,
--       paused, handler, last recovery, now, then for each consumer and source: name, pending, idle ms}

--- include ../../redis/scripts/time.lua
--- include ../../redis/scripts/pages.lua
--- include stream-group.lua

local sources = { { KEYS[1], false }, { KEYS[2], true } }
local pending, waiting, oldest, consumers = 0, 0, 0, {}
for _, source in ipairs(sources) do
  local stream, is_redrive = source[1], source[2]
  local group = find_group(stream, ARGV[1])
  if group then
    local summary = redis.call('XPENDING', stream, ARGV[1])
    pending = pending + summary[1]
    if summary[1] > 0 then
      local ms = tonumber(string.match(summary[2], '^%d+'))
      if oldest == 0 or ms < oldest then oldest = ms end
    end
    -- What was redriven and handled is deleted, so what is left is pending or not given out yet.
    if is_redrive then waiting = math.max(redis.call('XLEN', stream) - summary[1], 0) end
    for _, fields in ipairs(redis.call('XINFO', 'CONSUMERS', stream, ARGV[1])) do
      local consumer = as_table(fields)
      consumers[#consumers + 1] = consumer.name
      consumers[#consumers + 1] = consumer.pending
      consumers[#consumers + 1] = consumer.idle
    end
  elseif is_redrive then
    waiting = redis.call('XLEN', stream)
  end
end

local delayed = redis.call('ZCARD', KEYS[5]) + redis.call('ZCARD', KEYS[6])
local meta = redis.call('HMGET', KEYS[3], 'paused', 'handler', 'recovery')
return reply_with({
  pending, waiting, oldest, delayed, redis.call('XLEN', KEYS[4]),
  meta[1] or '', meta[2] or '', meta[3] or '', now_ms(),
}, consumers)
