-- Claims a key for one piece of work, unless the work is done or somebody is at it. The check and the claim are one
-- step: of many who ask at once, one gets it.
--
-- KEYS  1 marker: '<token>' while somebody is at it, for a lease; 'done <token>' afterwards
-- ARGV  1 token  2 lease ms
-- Reply {'claimed'} | {'processed'} | {'in-progress', ms that are left of the lease}

--- include ../../redis/scripts/arguments.lua

local lease = whole(ARGV[2], 'the lease')
local marker = redis.call('GET', KEYS[1])
if marker and string.sub(marker, 1, 5) == 'done ' then return { 'processed' } end
if marker then return { 'in-progress', redis.call('PTTL', KEYS[1]) } end
redis.call('SET', KEYS[1], ARGV[1], 'PX', lease)
return { 'claimed' }
