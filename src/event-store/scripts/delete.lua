-- Deletes a run, once its journal entries are gone, and tells those who watch it.
--
-- KEYS  1 run  2 events  3 idempotency keys  4 active  5 runs
-- ARGV  1 run id  2 run channel  3 the journal id up to which its entries were removed, or ''
-- Reply {'OK'} | {'NOT_FOUND'} | {'AGAIN'} when something was appended since

local field = redis.call('HMGET', KEYS[1], 'status', 'journal_last')
if not field[1] then return { 'NOT_FOUND' } end
if (field[2] or '') ~= ARGV[3] then return { 'AGAIN' } end
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('ZREM', KEYS[5], ARGV[1])
redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3])
redis.call('SPUBLISH', ARGV[2], 'deleted')
return { 'OK' }
