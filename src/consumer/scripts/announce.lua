-- Says that a process runs a group, with which handler, and adds what it did since it last said so.
--
-- KEYS  1 members  2 counts
-- ARGV  1 member  2 its fingerprint  3 what it says of its handler, or '' when it leaves
--       4 when its fingerprint was first announced, as far as it knows: ms, or 0
--       5 for how long it is remembered, ms  6 events handled  7 attempts that failed  8 events dead-lettered
-- Reply when its fingerprint was first announced, ms
--
-- A member is a field `m:<member>` with '<ms of this announcement> <fingerprint> <what it says>', a fingerprint a field
-- `f:<fingerprint>` with the time at which it was first announced. It is forgotten with the last of its members, so
-- that a version that is deployed again after it was gone is new. Counts are fields `<minute>:<what>`.

--- include ../../redis/scripts/time.lua
--- include ../../redis/scripts/arguments.lua
--- include ../../redis/scripts/pages.lua

local MOST_MEMBERS = 1000
-- The minute that goes on, and the last one that is complete.
local KEPT_MINUTES = 2

local first, kept = whole(ARGV[4], 'the first announcement'), whole(ARGV[5], 'the time that members are kept')
local counts = {
  handled = whole(ARGV[6], 'the events handled'),
  failed = whole(ARGV[7], 'the attempts that failed'),
  dead = whole(ARGV[8], 'the dead letters'),
}
redis.call('HLEN', KEYS[2])
local now = now_ms()
local is_leaving = ARGV[3] == ''
local fields = redis.call('HGETALL', KEYS[1])

local members, alive, gone = 0, {}, {}
for i = 1, #fields, 2 do
  local name, value = fields[i], fields[i + 1]
  if string.sub(name, 1, 2) == 'm:' then
    local at, fingerprint = string.match(value, '^(%d+) (%S+) ')
    local is_own = name == 'm:' .. ARGV[1]
    if not at or now - tonumber(at) > kept or (is_own and is_leaving) then
      gone[#gone + 1] = name
    elseif not is_own then
      members = members + 1
      alive[fingerprint] = true
    end
  end
end
local is_added = not is_leaving and members < MOST_MEMBERS
if is_added then alive[ARGV[2]] = true end
for i = 1, #fields, 2 do
  local name = fields[i]
  if string.sub(name, 1, 2) == 'f:' and not alive[string.sub(name, 3)] then gone[#gone + 1] = name end
end
call_in_pages({ 'HDEL', KEYS[1] }, gone)
if is_added then
  redis.call('HSET', KEYS[1], 'm:' .. ARGV[1], string.format('%.0f %s %s', now, ARGV[2], ARGV[3]))
  redis.call('HSETNX', KEYS[1], 'f:' .. ARGV[2], string.format('%.0f', first > 0 and first or now))
  redis.call('PEXPIRE', KEYS[1], kept)
end

local minute = math.floor(now / 60000)
if counts.handled + counts.failed + counts.dead > 0 then
  local old = {}
  for _, name in ipairs(redis.call('HKEYS', KEYS[2])) do
    local of = tonumber(string.match(name, '^(%d+):'))
    if not of or of <= minute - KEPT_MINUTES then old[#old + 1] = name end
  end
  call_in_pages({ 'HDEL', KEYS[2] }, old)
  for what, count in pairs(counts) do
    if count > 0 then redis.call('HINCRBY', KEYS[2], minute .. ':' .. what, count) end
  end
  redis.call('PEXPIRE', KEYS[2], KEPT_MINUTES * 60000)
end
return tonumber(redis.call('HGET', KEYS[1], 'f:' .. ARGV[2]) or first)
