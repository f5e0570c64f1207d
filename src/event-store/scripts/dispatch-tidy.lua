-- Removes consumers that hold nothing and are gone. The check and the removal are one step, since removing one that
-- holds entries would destroy them.
--
-- KEYS  1 dispatch
-- ARGV  1 group  2 silent for ms
-- Reply how many were removed

--- include ../../redis/scripts/arguments.lua

local silent_ms = whole(ARGV[2], 'the silence')
local removed = 0
for _, fields in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local consumer = {}
  for i = 1, #fields, 2 do consumer[fields[i]] = fields[i + 1] end
  if consumer.pending == 0 and consumer.idle > silent_ms then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer.name)
    removed = removed + 1
  end
end
return removed
