-- Extends the leases of runs that are being executed. One whose fence has passed on is another's.
--
-- KEYS  1 dispatch  2… runs
-- ARGV  1 group  2 consumer  3 lease ms  4… the fence of each run
-- Reply for each run: 'held' | 'lost' | 'gone' | its terminal status

--- include time.lua

local lease = now_ms() + tonumber(ARGV[3])
local reply, entries = {}, {}
for i = 2, #KEYS do
  local field = redis.call('HMGET', KEYS[i], 'fence', 'status', 'dispatch', 'deleting', 'lease')
  if not field[2] or field[4] then
    reply[i - 1] = 'gone'
  elseif field[1] ~= ARGV[i + 2] or field[5] == '0' then
    -- A lease of 0 was given back (dispatch-release.lua): a beat that comes late must not take it again.
    reply[i - 1] = 'lost'
  elseif field[2] ~= 'running' then
    reply[i - 1] = field[2]
  else
    reply[i - 1] = 'held'
    redis.call('HSET', KEYS[i], 'lease', lease)
    entries[#entries + 1] = field[3]
  end
end
-- JUSTID leaves the delivery count alone, and 0 resets the idle time. Without a group there is none to reset: it is
-- made again, and the entries are then handed out anew and found to be held.
if #entries > 0 then
  local claim = { 'XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, unpack(entries) }
  claim[#claim + 1] = 'JUSTID'
  redis.pcall(unpack(claim))
end
return reply
