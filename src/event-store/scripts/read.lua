-- Reads a page of a run's log, bounded in events and in bytes, together with the state of the run at that moment.
--
-- KEYS  1 run  2 events
-- ARGV  1 from  2 to (ids, '-', '+', or '(id' for exclusive)  3 'asc' or 'desc'
--       4 most events  5 most bytes (at least one event is given, whatever its size)
--       6 an id to look for in the log, or ''
-- Reply {0} without such a run | {1, status, sequence, last ms, id found (1/0), first id or '', entries}

--- include read-page.lua

local field = redis.call('HMGET', KEYS[1], 'status', 'sequence', 'last_ms')
if not field[1] then return { 0 } end

local found, first = 0, ''
if ARGV[6] ~= '' then
  if #redis.call('XRANGE', KEYS[2], ARGV[6], ARGV[6]) > 0 then
    found = 1
  else
    local oldest = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
    if oldest then first = oldest[1] end
  end
end

local entries = read_page(KEYS[2], ARGV[1], ARGV[2], ARGV[3] == 'asc', tonumber(ARGV[4]), tonumber(ARGV[5]))
return { 1, field[1], field[2], field[3], found, first, entries }
