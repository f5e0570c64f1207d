-- How long a tenant's journal is, and how far its groups are behind. Nothing is written.
--
-- Redis's own `lag` is null after deletions and for a group that began at an id that never was (T50). Here it is
-- counted from the journal's ids, which have no holes but those of deleted events, less these.
--
-- KEYS  1 journal  2 journal:last  3 journal:deleted
-- Reply {length, first id or '', last id given or '', then for each group: name, pending, lag}

--- include journal-last.lua

-- As delete.lua counts them.
local HUNDRED = 100
local journal = KEYS[1]
local last = journal_last(journal, KEYS[2])
if redis.call('EXISTS', journal) == 0 then return { 0, '', last or '' } end

local function number_of(id) return tonumber(string.match(id, '%-(%d+)$')) end

local length = redis.call('XLEN', journal)
local oldest = redis.call('XRANGE', journal, '-', '+', 'COUNT', 1)[1]
local last_number = last and number_of(last) or 0

-- Deleted ids from the entry `id` on, within the hundred that it belongs to: the whole less what is there.
local function deleted_in_hundred_of(id)
  local number = number_of(id)
  local hundred = math.floor(number / HUNDRED)
  if not redis.call('HGET', KEYS[3], hundred) then return 0 end
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

local function deleted_in_hundreds(first, to)
  local deleted = 0
  for from = first, to, 500 do
    local names = {}
    for hundred = from, math.min(to, from + 499) do names[#names + 1] = hundred end
    for _, count in ipairs(redis.call('HMGET', KEYS[3], unpack(names))) do deleted = deleted + (tonumber(count) or 0) end
  end
  return deleted
end

local function lag_after(position)
  local next = redis.call('XRANGE', journal, '(' .. position, '+', 'COUNT', 1)[1]
  if not next then return 0 end
  if next[1] == oldest[1] then return length end
  local number = number_of(next[1])
  local deleted = deleted_in_hundred_of(next[1])
    + deleted_in_hundreds(math.floor(number / HUNDRED) + 1, math.floor(last_number / HUNDRED))
  return last_number - number + 1 - deleted
end

local reply = { length, oldest and oldest[1] or '', last or '' }
for _, fields in ipairs(redis.call('XINFO', 'GROUPS', journal)) do
  local group = {}
  for i = 1, #fields, 2 do group[fields[i]] = fields[i + 1] end
  reply[#reply + 1] = group.name
  reply[#reply + 1] = group.pending
  reply[#reply + 1] = lag_after(group['last-delivered-id'])
end
return reply
