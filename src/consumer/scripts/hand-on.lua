-- Hands entries that a consumer does not want on to another one, whose version of the handler was not asked yet. What
-- all of them refused is acknowledged. The versions that refused stand in the entry's `delivery`, behind a '!'.
--
-- KEYS  1 stream  2 entries
-- ARGV  1 group  2 consumer  3 its version  4 '1' when the source is the redrives
--       5… per entry: id, number of versions that may want it, then for each of them: version, a consumer that has it
-- Reply for each entry: which of the versions it went to, counted from 1; 0 when it is acknowledged; -1 when the consumer
--       does not have it any more

--- include group.lua

local k = { stream = KEYS[1], entries = KEYS[2], is_redrive = ARGV[4] == '1' }
local group, consumer, own = ARGV[1], ARGV[2], ARGV[3]
-- More versions than anybody runs at a time.
local MOST = 100
redis.call('XLEN', k.stream)
redis.call('HLEN', k.entries)

local asked, cursor = {}, 5
while cursor <= #ARGV do
  local entry = { id = ARGV[cursor], versions = {} }
  local count = whole(ARGV[cursor + 1], 'the number of versions', MOST)
  for i = 1, count do
    entry.versions[i] = { name = ARGV[cursor + 2 * i], consumer = ARGV[cursor + 2 * i + 1] }
  end
  cursor = cursor + 2 + 2 * count
  asked[#asked + 1] = entry
end

local function hand_on(entry)
  if #redis.call('XPENDING', k.stream, group, entry.id, entry.id, 1, consumer) == 0 then return -1 end
  local state = read_state(redis.call('HGET', k.entries, entry.id))
  local before = string.match(state.delivery, '^!(.+)$')
  local refused = before and before .. ',' .. own or own
  for i, version in ipairs(entry.versions) do
    if not string.find(',' .. refused .. ',', ',' .. version.name .. ',', 1, true) then
      -- An attempt that died stays one: it may have killed its process.
      if state.flag ~= 'r' and state.flag ~= 's' then state.flag = 'h' end
      state.delivery = '!' .. refused
      redis.call('HSET', k.entries, entry.id, write_state(state))
      redis.call('XCLAIM', k.stream, group, version.consumer, 0, entry.id, 'JUSTID')
      return i
    end
  end
  redis.call('XACK', k.stream, group, entry.id)
  redis.call('HDEL', k.entries, entry.id)
  if k.is_redrive then redis.call('XDEL', k.stream, entry.id) end
  return 0
end

local reply = {}
for i, entry in ipairs(asked) do reply[i] = hand_on(entry) end
return reply
