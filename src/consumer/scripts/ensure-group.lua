-- Makes a consumer group where there is none: at its durable cursor if it had one, so that a group lost in a failover
-- neither skips nor repeats everything.
--
-- KEYS  1 stream  2 meta
-- ARGV  1 group  2 the id after which a new one begins: a moment  3 '1' when the stream may hold what came before that
--       moment, whatever the clock said that told it
-- Reply 1 when it was made, else 0

--- include ../../redis/scripts/time.lua
--- include ../../redis/scripts/stream-group.lua

-- Clocks of a cluster's nodes may differ by less. An id that lies further ahead is of a clock that was wrong.
local MAX_AHEAD_MS = 60000

local function ms_of(id) return tonumber(string.match(id, '^%d+')) end

local function last_ms(stream)
  if redis.call('EXISTS', stream) == 0 then return 0 end
  return ms_of(as_table(redis.call('XINFO', 'STREAM', stream))['last-generated-id'])
end

if find_group(KEYS[1], ARGV[1]) then return 0 end
local from = redis.call('HGET', KEYS[2], 'cursor')
if not from then
  from = ARGV[2]
  local moment, now = ms_of(from), now_ms()
  if ARGV[3] == '1' then
    -- Also what came between that moment and this call is the group's. Only where clocks disagree does it begin with
    -- what comes from here on: a moment that lies behind the end would skip that, and ids that lie ahead of the clock
    -- do not tell what came after the moment.
    local last = last_ms(KEYS[1])
    if moment > last or last > now then from = '$' end
  elseif moment > now + MAX_AHEAD_MS then
    -- All that is there came later than that moment really was.
    from = '0'
  end
end
redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], from, 'MKSTREAM')
-- The meta of a group that was removed expires; it is this group's now.
redis.call('PERSIST', KEYS[2])
return 1
