-- Trims the oldest entries of a tenant's journal down to the number that is kept: one page. What a group has not
-- handled goes to its dead letters in the same step, body and all, so that nothing is lost between the two.
--
-- KEYS  1 journal  2 journal:trimmed  3 journal:deleted, then for each group: meta, dead, entries, delayed
-- ARGV  1 entries kept  2 most entries  3 most bytes  4 the dead letters' reason  5… groups
-- Reply {'GROUPS'} when there is a group that was not named | {trimmed, still too many, then for each group: buried}

--- include bury.lua
--- include ../../redis/scripts/arguments.lua
--- include ../../redis/scripts/time.lua
--- include read-page.lua

local journal = KEYS[1]
local kept, most = whole(ARGV[1], 'the entries kept'), whole(ARGV[2], 'the most entries')
local most_bytes = whole(ARGV[3], 'the most bytes')
local too_many = redis.call('XLEN', journal) - kept
if too_many <= 0 then return { 0, 0 } end

local MOST_HUNDREDS = 1000

local function parse(id)
  local ms, n = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(n)
end

local function is_after(id, other)
  local ms, n = parse(id)
  local other_ms, other_n = parse(other)
  return ms > other_ms or (ms == other_ms and n > other_n)
end

-- A group wants the types of its handler, once one has run (`handler` of its meta); else all.
local function wanted_types(meta)
  local text = redis.call('HGET', meta, 'handler')
  local is_json, handler = pcall(cjson.decode, text or '')
  if not is_json or type(handler) ~= 'table' or type(handler.types) ~= 'table' then return nil end
  local wanted = {}
  for _, name in ipairs(handler.types) do wanted[name] = true end
  return wanted
end

local function wants(wanted, entry)
  if not wanted then return true end
  for i = 1, #entry[2], 2 do
    if entry[2][i] == 't' then
      local name = entry[2][i + 1]
      return wanted[name] or wanted[string.match(name, '^[^.]*') .. '.*'] or false
    end
  end
  return true
end

local place = {}
for i = 5, #ARGV do place[ARGV[i]] = i - 4 end
local groups = {}
for _, fields in ipairs(redis.call('XINFO', 'GROUPS', journal)) do
  local found = {}
  for i = 1, #fields, 2 do found[fields[i]] = fields[i + 1] end
  local at = place[found.name]
  if at then
    local k = 4 * at
    groups[#groups + 1] = {
      name = found.name, at = at, pending = found.pending, delivered = found['last-delivered-id'],
      wanted = wanted_types(KEYS[k]),
      keys = { stream = journal, dead = KEYS[k + 1], entries = KEYS[k + 2], delayed = KEYS[k + 3] },
    }
    -- Keys of a wrong type fail here, while nothing has happened yet.
    redis.call('XLEN', KEYS[k + 1])
    redis.call('HLEN', KEYS[k + 2])
    redis.call('ZCARD', KEYS[k + 3])
  elseif string.match(found.name, '^~?[a-z][a-z0-9_-]*$') then
    return { 'GROUPS' }
  end
end
redis.call('HLEN', KEYS[3])
local _, trimmed_before = parse(redis.call('GET', KEYS[2]) or '0-0')

local page = read_page(journal, '-', '+', true, math.min(too_many, most), most_bytes)
local now = now_ms()
local reply = { #page, too_many - #page }
for i = 5, #ARGV do reply[i - 2] = 0 end
for _, group in ipairs(groups) do
  for _, entry in ipairs(page) do
    local id = entry[1]
    local unhandled
    if is_after(id, group.delivered) then
      unhandled = wants(group.wanted, entry)
    else
      unhandled = group.pending > 0 and #redis.call('XPENDING', journal, group.name, id, id, 1) > 0
    end
    if unhandled then
      bury(group.keys, group.name, id, read_state(redis.call('HGET', group.keys.entries, id)), ARGV[4], now)
      reply[group.at + 2] = reply[group.at + 2] + 1
    end
  end
end

local ms, n = parse(page[#page][1])
redis.call('XTRIM', journal, 'MINID', '=', string.format('%d-%d', ms, n + 1))
redis.call('SET', KEYS[2], page[#page][1])
-- What was deleted from among these is of no more interest. Never a walk from the beginning, should the key that keeps
-- the last id be lost.
for hundred = math.max(math.floor(trimmed_before / 100), math.floor(n / 100) - MOST_HUNDREDS), math.floor(n / 100) - 1 do redis.call('HDEL', KEYS[3], hundred) end
return reply
