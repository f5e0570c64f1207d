-- A sign of life of a member of a consumer. For many at a time (asks.lua).
--
-- KEYS  1 members
-- ARGV  1 member  2 for how long it is alive without one, ms  3 '1' when it leaves, '0' when it lives
-- Reply {'1' when it was not alive before, number of the living, the living…, then of those that are gone: name and
--       time of the last sign…}

--- include ../../redis/scripts/time.lua
--- include ../../redis/scripts/arguments.lua
--- include ../../redis/scripts/asks.lua

-- Those that were seen last: who is not among them comes when these are forgotten.
local MOST = 1000

local now = now_ms()

return answer_all(function(keys, args)
  local alive_ms = whole(args[2], 'the life')
  local seen = redis.call('ZRANGE', keys[1], 0, MOST - 1, 'REV', 'WITHSCORES')
  local is_leaving, was_alive = args[3] == '1', false
  redis.call('ZADD', keys[1], is_leaving and now - alive_ms - 1 or now, args[1])
  local living, gone = is_leaving and {} or { args[1] }, {}
  for i = 1, #seen, 2 do
    local name, at = seen[i], tonumber(seen[i + 1])
    local is_alive = at >= now - alive_ms
    if name == args[1] then
      was_alive = is_alive
    elseif is_alive then
      living[#living + 1] = name
    else
      gone[#gone + 1] = name
      gone[#gone + 1] = seen[i + 1]
    end
  end
  local answer = { was_alive and '0' or '1', #living }
  for _, name in ipairs(living) do answer[#answer + 1] = name end
  for _, text in ipairs(gone) do answer[#answer + 1] = text end
  return answer
end)
