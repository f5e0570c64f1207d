-- Says when upkeep is to look at partitions again, after it has looked at them. What came meanwhile is not lost: a
-- partition that was touched since, or looked at by another, is only ever moved to an earlier time.
--
-- KEYS  1 upkeep
-- ARGV  1 when the round began, ms, then per partition: partition, its time as the round has read it or '',
--       when to look again or '' for never
-- Reply nothing

--- include ../../redis/scripts/arguments.lua

local function time(text) return text ~= '' and whole(text, 'a time') or nil end

local now = whole(ARGV[1], 'the begin')
redis.call('ZCARD', KEYS[1])
local looked = {}
for i = 2, #ARGV, 3 do
  looked[#looked + 1] = { partition = ARGV[i], read = time(ARGV[i + 1]), next = time(ARGV[i + 2]) }
end
for _, one in ipairs(looked) do
  local current = tonumber(redis.call('ZSCORE', KEYS[1], one.partition) or '')
  local is_earlier = not current or (current > now and one.next and one.next < current)
  if one.next and (current == one.read or is_earlier) then
    redis.call('ZADD', KEYS[1], one.next, one.partition)
  elseif current and current == one.read then
    redis.call('ZREM', KEYS[1], one.partition)
  end
end
