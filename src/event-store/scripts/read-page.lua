-- Reads part of a stream, bounded in entries and in bytes; at least one entry is given, whatever its size.

-- from, to: ids, '-', '+', or '(id' for exclusive. Returns the entries, and whether they reach the end of the range.
local function read_page(key, from, to, ascending, most, most_bytes)
  local entries, bytes = {}, 0
  local step = 8
  while #entries < most do
    step = math.min(step, most - #entries)
    local page = ascending and redis.call('XRANGE', key, from, to, 'COUNT', step)
      or redis.call('XREVRANGE', key, to, from, 'COUNT', step)
    for _, entry in ipairs(page) do
      local size = 64
      for _, value in ipairs(entry[2]) do size = size + #value end
      if #entries > 0 and bytes + size > most_bytes then return entries, false end
      bytes = bytes + size
      entries[#entries + 1] = entry
    end
    if #page < step then return entries, true end
    local last = '(' .. page[#page][1]
    if ascending then from = last else to = last end
    -- The sizes so far say how many more will fit, so that large entries are not fetched only to be dropped.
    -- Never many at once: those that follow may be far larger.
    step = math.max(1, math.min(64, math.floor((most_bytes - bytes) / (bytes / #entries))))
  end
  return entries, false
end
