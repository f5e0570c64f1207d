-- Shared by the scripts that tell how far a group is behind in a journal. Nothing is written.

-- As delete.lua counts them.
local HUNDRED = 100

local function number_of(id) return tonumber(string.match(id, '%-(%d+)$')) end

-- Deleted ids from the entry `id` on, within the hundred that it belongs to: the whole less what is there.
local function deleted_in_hundred_of(id, journal, deleted_key, last_number)
  local number = number_of(id)
  local hundred = math.floor(number / HUNDRED)
  if not redis.call('HGET', deleted_key, hundred) then return 0 end
  local upper = math.min(hundred * HUNDRED + HUNDRED - 1, last_number)
  local there, from = 1, id
  while true do
    local page = redis.call('XRANGE', journal, '(' .. from, '+', 'COUNT', 10)
    for _, entry in ipairs(page) do
      if number_of(entry[1]) > upper then return upper - number + 1 - there end
      there = there + 1
      from = entry[1]
    end
    if #page < 10 then return upper - number + 1 - there end
  end
end

local function deleted_in_hundreds(first, to, deleted_key)
  local deleted = 0
  for from = first, to, 500 do
    local names = {}
    for hundred = from, math.min(to, from + 499) do names[#names + 1] = hundred end
    for _, count in ipairs(redis.call('HMGET', deleted_key, unpack(names))) do deleted = deleted + (tonumber(count) or 0) end
  end
  return deleted
end

-- How many entries come after a position, and the id of the first of them. `last` is the last id given, or nil.
local function lag_after(position, journal, deleted_key, last)
  local next = redis.call('XRANGE', journal, '(' .. position, '+', 'COUNT', 1)[1]
  if not next then return 0 end
  local oldest = redis.call('XRANGE', journal, '-', '+', 'COUNT', 1)[1]
  if next[1] == oldest[1] then return redis.call('XLEN', journal), next[1] end
  local number, last_number = number_of(next[1]), last and number_of(last) or 0
  local deleted = deleted_in_hundred_of(next[1], journal, deleted_key, last_number)
    + deleted_in_hundreds(math.floor(number / HUNDRED) + 1, math.floor(last_number / HUNDRED), deleted_key)
  return last_number - number + 1 - deleted, next[1]
end
