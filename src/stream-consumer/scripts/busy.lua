-- The partitions of a bucket in which there may be something of a consumer: those that its members hold, and those that
-- were touched since it last looked. Nothing is written. For many at a time (asks.lua).
--
-- KEYS  1 touched  2 swept  3… held by each of the members
-- ARGV  1 margin ms  2 for how long a touch is kept, ms  3 most partitions  4… teams
-- Reply {'1' when there are more, how many there are at least, partition…}

--- include ../../redis/scripts/time.lua
--- include ../../redis/scripts/arguments.lua
--- include ../../redis/scripts/asks.lua
--- include ../../redis/scripts/pages.lua

local now = now_ms()

return answer_all(function(keys, args)
  local margin, kept = whole(args[1], 'the margin'), whole(args[2], 'the time that touches are kept')
  local most = whole(args[3], 'the most partitions', 1000)
  -- Who has not looked for longer than touches are kept does not know more than these; of who never looked nothing can
  -- be said but what came just now.
  local looked = now
  for i = 4, #args do looked = math.min(looked, tonumber(redis.call('HGET', keys[2], args[i]) or '') or now) end
  local since = math.max(now - kept, looked - margin)

  local found, known, at_least, has_more = {}, {}, 0, false
  local function add(partitions, there)
    at_least = math.max(at_least, there)
    if #partitions < there then has_more = true end
    for _, partition in ipairs(partitions) do
      if not known[partition] then
        known[partition] = true
        found[#found + 1] = partition
      end
    end
  end

  for i = 3, #keys do
    local there = redis.call('SCARD', keys[i])
    -- Of too many, others each time: so the worst are found in the end.
    if there > 0 then add(redis.call('SRANDMEMBER', keys[i], most), there) end
  end
  local touched = redis.call('ZRANGE', keys[1], since, '+inf', 'BYSCORE', 'LIMIT', 0, most)
  add(touched, #touched < most and #touched or redis.call('ZCOUNT', keys[1], since, '+inf'))
  at_least = math.max(at_least, #found)
  return reply_with({ has_more and '1' or '0', at_least }, found)
end)
