-- Puts a group of workers on its terms in one partition, unless it is on newer ones.
--
-- KEYS  1 meta
-- ARGV  1 version  2 terms: version, ordering, and what tells one from another  3 what handles the group
-- Reply nothing

--- include ../../../redis/scripts/arguments.lua

local version = whole(ARGV[1], 'the version')
local known = tonumber(string.match(redis.call('HGET', KEYS[1], 'terms') or '', '^%d+'))
if not known or known <= version then redis.call('HSET', KEYS[1], 'terms', ARGV[2], 'handler', ARGV[3]) end
