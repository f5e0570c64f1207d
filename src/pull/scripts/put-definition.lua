-- Writes what a tenant's workers serve under a name, unless a newer version of it is there.
--
-- KEYS  1 definitions (hash, by name)
-- ARGV  1 name  2 version  3 the definition, as JSON  4 most names
-- Reply 'OK' | 'OUTDATED <version>' that is there | 'FULL'

--- include ../../redis/scripts/arguments.lua

local version, most = whole(ARGV[2], 'the version'), whole(ARGV[4], 'the most names')
local known = redis.call('HGET', KEYS[1], ARGV[1])
local stored = known and tonumber(string.match(known, '^%d+'))
if stored and stored > version then return 'OUTDATED ' .. string.format('%d', stored) end
if not known and redis.call('HLEN', KEYS[1]) >= most then return 'FULL' end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%d %s', version, ARGV[3]))
return 'OK'
