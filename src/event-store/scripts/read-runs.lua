-- Reads records of runs, bounded in bytes. A large value is left out, but for its size.
--
-- KEYS  the runs
-- ARGV  1 most bytes of all records (at least one is given, whatever its size)  2 largest value that is given, in bytes
-- Reply {bytes, record…}, a record as field, value, field, value, or empty when the run is gone; a value that is left out
--       stands under the name '~' and that of its field, as its size. There may be fewer records than keys.

--- include ../../redis/scripts/arguments.lua

local most_bytes, largest = whole(ARGV[1], 'most bytes'), whole(ARGV[2], 'largest value')
local LARGE = { 'input', 'result', 'error' }
local records, bytes = {}, 0

local function read(key)
  local left_out = {}
  for _, name in ipairs(LARGE) do
    local size = redis.call('HSTRLEN', key, name)
    if size > largest then left_out[name] = size end
  end
  if not next(left_out) then return redis.call('HGETALL', key) end
  local names, record = {}, {}
  for _, name in ipairs(redis.call('HKEYS', key)) do
    if left_out[name] then
      record[#record + 1] = '~' .. name
      record[#record + 1] = tostring(left_out[name])
    else
      names[#names + 1] = name
    end
  end
  for i, value in ipairs(redis.call('HMGET', key, unpack(names))) do
    record[#record + 1] = names[i]
    record[#record + 1] = value
  end
  return record
end

for i, key in ipairs(KEYS) do
  local record = read(key)
  local size = 0
  for _, value in ipairs(record) do size = size + #value end
  if i > 1 and bytes + size > most_bytes then break end
  bytes = bytes + size
  records[i] = record
end
return { bytes, unpack(records) }
