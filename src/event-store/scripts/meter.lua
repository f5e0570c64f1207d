-- Shared by the scripts that write for a tenant that has limits, which include it where there are any: Redis pays for each
-- function that a script defines, at every call.
--
-- What was written fills a bucket for events and one for bytes. Each holds one second's worth and drains at its limit.
-- Whoever comes while there is room is let in with all that they bring, and what is over is waited for by those after
-- them: so a batch may be larger than the limit, and over time no more comes in than it says.

-- key: the buckets, '<ms> <events> <bytes>'. limits: '<active runs> <events per second> <bytes per second> <stored bytes,
-- when there are too many>', each `-` for none. May write nothing, for it is called among the checks.
-- Returns {'LIMIT', name, value, in how many ms to try again} or nil; and the command that notes what comes in, or nil.
local function meter(key, limits, events, bytes, is_exempt)
  local most_events, most_bytes, full = string.match(limits, '^%S+ (%S+) (%S+) (%S+)$')
  if full ~= '-' and not is_exempt then return { 'LIMIT', 'stored_bytes', full, 60000 } end
  local now = now_ms()
  local at, had_events, had_bytes = string.match(redis.call('GET', key) or '', '^(%d+) (%S+) (%S+)$')
  -- A clock that was put back would stop the buckets: they begin anew.
  local is_known = at and now >= tonumber(at)

  local refusal, ttl = nil, 0
  local function bucket(name, most, had, more)
    most = tonumber(most)
    if not most then return 0 end
    local level = is_known and math.max(0, had - (now - at) * most / 1000) or 0
    if level >= most then
      refusal = refusal or { 'LIMIT', name, most, math.floor((level - most) * 1000 / most) + 1 }
    end
    level = level + more
    ttl = math.max(ttl, math.ceil(level * 1000 / most) + 1000)
    return level
  end
  local level_events = bucket('events_per_second', most_events, had_events, events)
  local level_bytes = bucket('bytes_per_second', most_bytes, had_bytes, bytes)
  if refusal and not is_exempt then return refusal, nil end
  if ttl == 0 then return nil, nil end
  return nil, { 'SET', key, string.format('%d %.3f %.3f', now, level_events, level_bytes), 'PX', string.format('%d', ttl) }
end
