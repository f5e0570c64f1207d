-- Reads a page of a run's log, bounded in events and in bytes, together with the state of the run at that moment.
--
-- KEYS  1 run  2 events
-- ARGV  1 from  2 to (ids, '-', '+', or '(id' for exclusive)  3 'asc' or 'desc'
--       4 most events  5 most bytes (at least one event is given, whatever its size)
--       6 an id to look for in the log, or ''
-- Reply {0} without such a run | {1, status, sequence, last ms, id found (1/0), first id or '', entries}

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

local ascending = ARGV[3] == 'asc'
local from, to = ARGV[1], ARGV[2]
local most, most_bytes = tonumber(ARGV[4]), tonumber(ARGV[5])
local entries, bytes = {}, 0
local step = 8
while #entries < most do
  step = math.min(step, most - #entries)
  local page = ascending and redis.call('XRANGE', KEYS[2], from, to, 'COUNT', step)
    or redis.call('XREVRANGE', KEYS[2], to, from, 'COUNT', step)
  for _, entry in ipairs(page) do
    local size = 64
    for _, value in ipairs(entry[2]) do size = size + #value end
    if #entries > 0 and bytes + size > most_bytes then
      return { 1, field[1], field[2], field[3], found, first, entries }
    end
    bytes = bytes + size
    entries[#entries + 1] = entry
  end
  if #page < step then break end
  local last = '(' .. page[#page][1]
  if ascending then from = last else to = last end
  -- The sizes so far say how many more will fit, so that large events are not fetched only to be dropped.
  -- Never many at once: those that follow may be far larger.
  step = math.max(1, math.min(64, math.floor((most_bytes - bytes) / (bytes / #entries))))
end
return { 1, field[1], field[2], field[3], found, first, entries }
