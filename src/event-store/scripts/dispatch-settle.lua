-- Takes the entry of a run that has ended, or is gone, out of its stream.
--
-- KEYS  1 dispatch  2 run
-- ARGV  1 group  2 entry
-- Reply 1, or 0 while the run goes on

local status = redis.call('HGET', KEYS[2], 'status')
if status == 'pending' or status == 'running' then return 0 end
redis.pcall('XACK', KEYS[1], ARGV[1], ARGV[2])
redis.call('XDEL', KEYS[1], ARGV[2])
return 1
