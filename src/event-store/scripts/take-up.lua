-- Hands a pending run to an executor: raises its fence, so that whoever had it before can write nothing more.
--
-- KEYS  1 run
-- Reply the new fence, or 0 when the run is not pending

if redis.call('HGET', KEYS[1], 'status') ~= 'pending' then return 0 end
redis.call('HINCRBY', KEYS[1], 'attempt', 1)
return redis.call('HINCRBY', KEYS[1], 'fence', 1)
