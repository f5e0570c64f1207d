-- How many acknowledged events of a run are not in its log any more, of those that nobody has told of yet.
--
-- An entry of the log that has an id up to the last acknowledged one was written before the loss: ids go on with the
-- clock. Several processes ask, each with what it was told; the run's record keeps what was counted.
--
-- KEYS  1 run  2 events  3 what was counted of a run that is gone  4 whether it was deleted
-- ARGV  1 the last acknowledged id  2 for how long a count of a run that is gone is kept s
-- Reply {count, the last id before the loss, or ''} | {count, '', 'GONE'}: the run itself is lost

--- include ../../redis/scripts/arguments.lua

local function sequence_of(id)
  return tonumber(string.match(id, '%-(%d+)$'))
end

local acked, ttl = ARGV[1], whole(ARGV[2], 'for how long a count is kept')
local last = sequence_of(acked)
local field = redis.call('HMGET', KEYS[1], 'status', 'lost')
if not field[1] then
  if redis.call('EXISTS', KEYS[4]) == 1 then return { 0, '' } end
  local counted = tonumber(redis.call('GET', KEYS[3]) or -1)
  if counted >= last then return { 0, '' } end
  redis.call('SET', KEYS[3], last, 'EX', ttl)
  return { last - math.max(counted, 0), '', 'GONE' }
end
if #redis.call('XRANGE', KEYS[2], acked, acked) > 0 then return { 0, '' } end
local oldest = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
-- Trimmed, or expired.
if not oldest or sequence_of(oldest[1]) > last then return { 0, '' } end
local before = redis.call('XREVRANGE', KEYS[2], acked, '-', 'COUNT', 1)[1]
local base = before and sequence_of(before[1]) or 0
local counted_base, counted = string.match(field[2] or '', '^(%d+) (%d+)$')
local from = base
if tonumber(counted_base) == base then from = math.max(base, tonumber(counted)) end
if from >= last then return { 0, '' } end
redis.call('HSET', KEYS[1], 'lost', string.format('%d %d', base, last))
return { last - from, before and before[1] or '' }
