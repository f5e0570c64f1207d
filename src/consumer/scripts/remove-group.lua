-- Removes a group from one tenant, with its dead letters, unless somebody handles it.
--
-- Its meta stays for a while with the epoch and the last token: done markers of the old epoch live on until they
-- expire, and must mean nothing to a later group of the same name.
--
-- KEYS  1 journal  2 meta  3 owner  4 dead  5 redrives  6… what else the group knows
-- ARGV  1 group  2 silent for ms  3 TTL of the meta s
-- Reply 'OK' | 'IN_USE' | 'NOT_FOUND'

--- include ../../redis/scripts/arguments.lua
--- include ../../redis/scripts/stream-group.lua

local silent_ms, meta_ttl = whole(ARGV[2], 'the silence'), whole(ARGV[3], 'the TTL of the meta')
if not find_group(KEYS[1], ARGV[1]) then return 'NOT_FOUND' end
for _, fields in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  if as_table(fields).idle < silent_ms then return 'IN_USE' end
end
redis.call('XGROUP', 'DESTROY', KEYS[1], ARGV[1])
for i = 3, #KEYS do redis.call('DEL', KEYS[i]) end
redis.call('HDEL', KEYS[2], 'paused', 'paused_at', 'paused_by', 'cursor', 'handler', 'recovery')
redis.call('HINCRBY', KEYS[2], 'epoch', 1)
redis.call('EXPIRE', KEYS[2], meta_ttl)
return 'OK'
