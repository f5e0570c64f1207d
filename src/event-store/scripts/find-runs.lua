-- Finds runs by what they have, newest first. Of several conditions the one with the fewest runs in the range is gone
-- through, and the others are looked up for each of its runs.
--
-- KEYS  1 runs  2 index
-- ARGV  1 only ids before this one, or ''  2 only ids from this one on, or ''  3 most ids  4 most runs to look at
--       5… per condition, all of which must hold: number of terms, terms, one of which a run must have
-- Reply {where to go on: the last id that was looked at, or '' when there are no more, id…}

--- include ../../redis/scripts/arguments.lua
--- include run-terms.lua

local before, first = ARGV[1], ARGV[2]
local most = whole(ARGV[3], 'the most ids')
local page = whole(ARGV[4], 'the most runs')
local conditions, cursor = {}, 5
while cursor <= #ARGV do
  local terms = {}
  for i = 1, whole(ARGV[cursor], 'the number of terms', #ARGV - cursor) do terms[i] = ARGV[cursor + i] end
  cursor = cursor + #terms + 1
  conditions[#conditions + 1] = terms
end
-- All that it finds then counts.
if #conditions <= 1 then page = math.min(page, most) end

local function range_of(term)
  return before ~= '' and '(' .. indexed(term, before) or '(' .. term .. '\1', '[' .. indexed(term, first)
end

local chosen, fewest = 0, nil
for i, terms in ipairs(conditions) do
  local count = 0
  for _, term in ipairs(terms) do
    local max, min = range_of(term)
    count = count + redis.call('ZLEXCOUNT', KEYS[2], min, max)
  end
  if not fewest or count < fewest then chosen, fewest = i, count end
end

-- Per term the newest ids; a page of them holds the newest of all.
local lists = {}
if chosen == 0 then
  lists[1] = redis.call('ZREVRANGEBYLEX', KEYS[1], before ~= '' and '(' .. before or '+',
    first ~= '' and '[' .. first or '-', 'LIMIT', 0, page)
else
  for i, term in ipairs(conditions[chosen]) do
    local max, min = range_of(term)
    local ids = redis.call('ZREVRANGEBYLEX', KEYS[2], max, min, 'LIMIT', 0, page)
    for n, member in ipairs(ids) do ids[n] = string.sub(member, #term + 2) end
    lists[i] = ids
  end
end

-- By their bytes: Lua's own comparison goes by the server's locale.
local function is_newer(a, b)
  for i = 1, #a do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x > (y or -1) end
  end
  return false
end

local places = {}
for i in ipairs(lists) do places[i] = 1 end
local function next_id()
  local newest
  for i, ids in ipairs(lists) do
    local id = ids[places[i]]
    if id and (not newest or is_newer(id, lists[newest][places[newest]])) then newest = i end
  end
  if not newest then return nil end
  places[newest] = places[newest] + 1
  return lists[newest][places[newest] - 1]
end

local function passes(id)
  for i, terms in ipairs(conditions) do
    local has = i == chosen
    for _, term in ipairs(terms) do
      has = has or redis.call('ZSCORE', KEYS[2], indexed(term, id))
    end
    if not has then return false end
  end
  return true
end

local reply, looked = { '' }, 0
while looked < page and #reply <= most do
  local id = next_id()
  reply[1] = id or ''
  if not id then break end
  looked = looked + 1
  if passes(id) then reply[#reply + 1] = id end
end
return reply
