-- Where a run stands, without reading any of its events.
--
-- KEYS  1 run  2 events
-- Reply {0} without such a run | {1, status, sequence, last ms, events in the log}

local field = redis.call('HMGET', KEYS[1], 'status', 'sequence', 'last_ms')
if not field[1] then return { 0 } end
return { 1, field[1], field[2], field[3], redis.call('XLEN', KEYS[2]) }
