-- Raises a number of partitions, by one of its two steps: first all read that many, then they write to that many. A
-- number is never lowered.
--
-- KEYS  1 partitions
-- ARGV  1 field: whose number  2 'read' or 'write', or 'first': both at once, where nothing is said yet  3 the number
-- Reply the version

--- include ../../redis/scripts/time.lua
--- include ../../redis/scripts/arguments.lua

local field, step = ARGV[1], ARGV[2]
local number = whole(ARGV[3], 'the number of partitions', 16)
local now = now_ms()
local value = redis.call('HGET', KEYS[1], field)
if value and step == 'first' then return redis.call('HGET', KEYS[1], 'version') end

-- How many are read, to how many is written, and since when it was to how many.
local read, write, history = string.match(value or '1 1 0:1', '^(%d+) (%d+) (%S*)$')
read, write = tonumber(read), tonumber(write)
if step ~= 'write' then read = math.max(read, number) end
if step ~= 'read' and number > write then
  if number > read then error('what is not read by all can not be written to', 0) end
  write = number
  history = history .. ',' .. now .. ':' .. number
end
redis.call('HSET', KEYS[1], field, read .. ' ' .. write .. ' ' .. history)
return tostring(redis.call('HINCRBY', KEYS[1], 'version', 1))
