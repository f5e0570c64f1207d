-- Extends the leases of runs that are being executed. One whose fence has passed on is another's.
--
-- KEYS  1 dispatch  2… runs
-- ARGV  1 group  2 consumer  3 lease ms  4… the fence of each run, and the event types that it waits for, or ''
-- Reply for each run: 'held' | 'lost' | 'gone' | its terminal status

--- include ../../redis/scripts/time.lua
--- include ../../redis/scripts/arguments.lua
--- include ../../redis/scripts/pages.lua

local lease_end = now_ms() + whole(ARGV[3], 'the lease')
local reply, held, entries = {}, {}, {}
for i = 2, #KEYS do
  local field = redis.call('HMGET', KEYS[i], 'fence', 'status', 'dispatch', 'deleting', 'lease', 'heard')
  if not field[2] or field[4] then
    reply[i - 1] = 'gone'
  elseif field[1] ~= ARGV[2 * i] or field[5] == '0' then
    -- A lease of 0 was given back (dispatch-release.lua): a beat that comes late must not take it again.
    reply[i - 1] = 'lost'
  elseif field[2] ~= 'running' then
    reply[i - 1] = field[2]
  else
    reply[i - 1] = 'held'
    held[#held + 1] = { run = KEYS[i], waiting_for = ARGV[2 * i + 1], is_first = field[6] == '0' }
    if field[3] then entries[#entries + 1] = field[3] end
  end
end
for _, one in ipairs(held) do
  redis.call('HSET', one.run, 'lease', lease_end, 'waiting_for', one.waiting_for)
  -- Of an executor outside: its claim has come (take-up.lua).
  if one.is_first then redis.call('HSET', one.run, 'heard', '1') end
end
-- JUSTID leaves the delivery count alone, and 0 resets the idle time. Without a group there is none to reset: it is
-- made again, and the entries are then handed out anew and found to be held.
pcall(call_in_pages, { 'XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0 }, entries, { 'JUSTID' })
return reply
