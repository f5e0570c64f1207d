-- Forgets the answer to an idempotent request whose run is gone. A run that is gone does not come back, so it does not
-- matter how long ago that was seen.
--
-- KEYS  1 request
-- ARGV  1 run id
-- Reply 1, or 0 when another run is remembered by now

local stored = redis.call('GET', KEYS[1])
if not stored or string.match(stored, '^.-\n(.-)\n') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
