-- Sends dead letters back to their group, oldest first, each once: it leaves the dead letters in the same step. One
-- whose event was trimmed stays, since nothing could be handled.
--
-- KEYS  1 dead  2 redrives
-- ARGV  1 where to begin: an id, inclusive, or with '(' before it  2 last id  3 most to send  4 most to look at
--       5 most bytes; one letter is sent in any case  6 types, or '' for all
-- Reply {sent, left since their events were trimmed, id of the last one looked at or '' at the end}

--- include ../../redis/scripts/arguments.lua
--- include dead-letter.lua

local STEP = 20
-- What bury() in bury.lua adds to the event's own fields, and later.lua.
local OF_THE_LETTER = { entry = true, error = true, attempts = true, first = true, last = true, o = true, l = true }

-- False when there is nothing of an event in it.
local function send(letter)
  local fields = letter[2]
  -- `o` is the entry of the journal, over any number of redrives.
  local entry = { 'XADD', KEYS[2], '*', 'o', field_of(fields, 'o') or field_of(fields, 'entry') }
  local bare = #entry
  for i = 1, #fields, 2 do
    if not OF_THE_LETTER[fields[i]] then
      entry[#entry + 1] = fields[i]
      entry[#entry + 1] = fields[i + 1]
    end
  end
  if #entry == bare then return false end
  -- As many as an event has fields.
  redis.call(unpack(entry))
  redis.call('XDEL', KEYS[1], letter[1])
  return true
end

local from, most = ARGV[1], whole(ARGV[3], 'the most to send')
local most_looked, most_bytes = whole(ARGV[4], 'the most to look at'), whole(ARGV[5], 'the most bytes')
local filter = read_filter(ARGV[6])
redis.call('XLEN', KEYS[1])
redis.call('XLEN', KEYS[2])
local sent, left, looked, bytes = 0, 0, 0, 0
while true do
  local page = redis.call('XRANGE', KEYS[1], from, ARGV[2], 'COUNT', STEP)
  for _, letter in ipairs(page) do
    looked = looked + 1
    bytes = bytes + size_of(letter[2])
    if passes(filter, letter[2]) then
      if send(letter) then sent = sent + 1 else left = left + 1 end
    end
    if sent >= most or looked >= most_looked or bytes >= most_bytes then return { sent, left, letter[1] } end
    from = '(' .. letter[1]
  end
  if #page < STEP then return { sent, left, '' } end
end
