-- Remembers up to where a group has handled everything, outside of the group itself, and what
-- handles it, for those who look at the group from elsewhere.
--
-- KEYS  1 stream  2 meta
-- ARGV  1 group  2 what handles it
-- Reply the cursor, or nil without such a group

local pending = redis.call('XPENDING', KEYS[1], ARGV[1])
local cursor
if pending[1] > 0 then
  local ms, n = string.match(pending[2], '^(%d+)-(%d+)$')
  cursor = string.format('%d-%d', tonumber(ms), math.max(tonumber(n) - 1, 0))
else
  for _, fields in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
    if fields[2] == ARGV[1] then
      for i = 1, #fields, 2 do if fields[i] == 'last-delivered-id' then cursor = fields[i + 1] end end
    end
  end
end
redis.call('HSET', KEYS[2], 'handler', ARGV[2])
if cursor then redis.call('HSET', KEYS[2], 'cursor', cursor) end
return cursor
