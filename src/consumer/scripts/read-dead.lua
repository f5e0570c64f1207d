-- A page of dead letters, newest first.
--
-- KEYS  1 dead
-- ARGV  1 where to begin: an id, inclusive, or with '(' before it  2 most letters  3 most to look at
--       4 most bytes; one letter is given in any case  5 types, or '' for all
-- Reply {id of the last one looked at or '' at the end, letters…}

--- include ../../redis/scripts/arguments.lua
--- include dead-letter.lua

local STEP = 20
local from, most = ARGV[1], whole(ARGV[2], 'the most letters')
local most_looked, most_bytes = whole(ARGV[3], 'the most to look at'), whole(ARGV[4], 'the most bytes')
local filter = read_filter(ARGV[5])
local reply, looked, bytes = { '' }, 0, 0
while true do
  local page = redis.call('XREVRANGE', KEYS[1], from, '-', 'COUNT', STEP)
  for _, letter in ipairs(page) do
    looked = looked + 1
    bytes = bytes + size_of(letter[2])
    if passes(filter, letter[2]) then reply[#reply + 1] = letter end
    if #reply > most or looked >= most_looked or bytes >= most_bytes then
      reply[1] = letter[1]
      return reply
    end
    from = '(' .. letter[1]
  end
  if #page < STEP then return reply end
end
