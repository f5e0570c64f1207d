-- Says which run a request that may be sent again is to have, before that run is made in another partition.
--
-- KEYS  1 request
-- ARGV  1 run id  2 request fingerprint  3 request TTL s
-- Reply {'OK', run id} | {'REPLAYED', run id} | {'CONFLICT', run id}: as create.lua

--- include remembered.lua

local earlier = remembered(KEYS[1], ARGV[2])
if earlier then return earlier end
remember(KEYS[1], ARGV[2], ARGV[1], '', ARGV[3])
return { 'OK', ARGV[1] }
