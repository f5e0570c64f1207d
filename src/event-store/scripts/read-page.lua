-- Reads part of a stream, bounded in entries and in bytes; at least one entry is given, whatever its size.

-- from, to: ids, '-', '+', or '(id' for exclusive. Returns the entries, and whether they reach the end of the range.
local function read_page(key, from, to, ascending, most, most_bytes)
  local entries, bytes, largest = {}, 0, 1
  -- One first: what is fetched and not given is read for nothing, and an entry may have megabytes.
  local step = 1
  while #entries < most do
    step = math.min(step, most - #entries)
    local page = ascending and redis.call('XRANGE', key, from, to, 'COUNT', step)
      or redis.call('XREVRANGE', key, to, from, 'COUNT', step)
    for _, entry in ipairs(page) do
      local size = 64
      for _, value in ipairs(entry[2]) do size = size + #value end
      if #entries > 0 and bytes + size > most_bytes then return entries, false end
      bytes = bytes + size
      largest = math.max(largest, size)
      entries[#entries + 1] = entry
    end
    if #page < step then return entries, true end
    local last = '(' .. page[#page][1]
    if ascending then from = last else to = last end
    -- As many as fit if none is larger than those so far, and never more than so far: those that follow may be far
    -- larger, and what is fetched in vain holds up everybody.
    step = math.max(1, math.min(16, #entries, math.floor((most_bytes - bytes) / largest)))
  end
  return entries, false
end
