-- How a group stands in one tenant. Nothing is written.
--
-- KEYS  1 journal  2 redrives  3 meta  4 dead  5 delayed of the journal  6 delayed of the redrives
-- ARGV  1 group
-- Reply {'1' when the group is there, pending, lag, ms of the oldest pending entry or 0, delayed, dead letters,
--       paused, seen ms, handler, last recovery, now, then for each consumer and source: name, pending, idle ms}

--- include ../../event-store/scripts/time.lua
--- include stream-group.lua

-- Entries that the group was not given yet. Redis's own `lag` is null after deletions or an odd start id; the
-- journal counts its entries without holes, so the ids tell, from the first entry that is still there (T50).
local function unread(stream, position)
  local first = redis.call('XRANGE', stream, '(' .. position, '+', 'COUNT', 1)[1]
  if not first then return 0 end
  local last = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
  local from, to = tonumber(string.match(first[1], '%d+$')), tonumber(string.match(last[1], '%d+$'))
  return math.min(to - from + 1, redis.call('XLEN', stream))
end

local sources = { { KEYS[1], false }, { KEYS[2], true } }
local is_there, pending, lag, oldest, consumers = '0', 0, 0, 0, {}
for _, source in ipairs(sources) do
  local stream, is_redrive = source[1], source[2]
  local group = find_group(stream, ARGV[1])
  if group then
    if not is_redrive then is_there = '1' end
    local summary = redis.call('XPENDING', stream, ARGV[1])
    pending = pending + summary[1]
    if summary[1] > 0 then
      local ms = tonumber(string.match(summary[2], '^%d+'))
      if oldest == 0 or ms < oldest then oldest = ms end
    end
    -- What was redriven and handled is deleted, so what is left is pending or not given out yet.
    lag = lag + (is_redrive and math.max(redis.call('XLEN', stream) - summary[1], 0)
      or unread(stream, group['last-delivered-id']))
    for _, fields in ipairs(redis.call('XINFO', 'CONSUMERS', stream, ARGV[1])) do
      local consumer = as_table(fields)
      consumers[#consumers + 1] = consumer.name
      consumers[#consumers + 1] = consumer.pending
      consumers[#consumers + 1] = consumer.idle
    end
  elseif is_redrive then
    lag = lag + redis.call('XLEN', stream)
  end
end

local delayed = redis.call('ZCARD', KEYS[5]) + redis.call('ZCARD', KEYS[6])
local meta = redis.call('HMGET', KEYS[3], 'paused', 'seen', 'handler', 'recovery')
return {
  is_there, pending, lag, oldest, delayed, redis.call('XLEN', KEYS[4]),
  meta[1] or '', meta[2] or '', meta[3] or '', meta[4] or '', now_ms(), unpack(consumers),
}
