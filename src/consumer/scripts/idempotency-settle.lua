-- Ends or extends a claim, if it is still whose token it carries. A lease that ran out without anybody else coming
-- does no harm: the work is done once, so it may still be marked as done.
--
-- KEYS  1 marker, as in idempotency-claim.lua
-- ARGV  1 token  2 complete | release | extend  3 TTL of the marker s, or lease ms
-- Reply 1 | 0 when the claim was lost

--- include ../../redis/scripts/arguments.lua

if ARGV[2] ~= 'release' then whole(ARGV[3], 'the time') end
local marker = redis.call('GET', KEYS[1])
if ARGV[2] == 'complete' then
  local done = 'done ' .. ARGV[1]
  -- Repeated, since the first answer was lost.
  if marker == done then return 1 end
  if marker and marker ~= ARGV[1] then return 0 end
  redis.call('SET', KEYS[1], done, 'EX', ARGV[3])
  return 1
end
if marker ~= ARGV[1] then return 0 end
if ARGV[2] == 'release' then redis.call('DEL', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return 1
