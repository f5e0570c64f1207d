-- Makes a consumer group where there is none: at its durable cursor if it had one, so that a group lost in a failover
-- neither skips nor repeats everything.
--
-- KEYS  1 stream  2 meta
-- ARGV  1 group  2 where a new one begins (id)
-- Reply 1 when it was made

for _, fields in ipairs(redis.call('EXISTS', KEYS[1]) == 1 and redis.call('XINFO', 'GROUPS', KEYS[1]) or {}) do
  if fields[2] == ARGV[1] then return 0 end
end
local from = redis.call('HGET', KEYS[2], 'cursor') or ARGV[2]
redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], from, 'MKSTREAM')
-- The meta of a group that was removed expires; it is this group's now.
redis.call('PERSIST', KEYS[2])
return 1
