-- Removes one run's entries from a page of the journal.
--
-- KEYS  1 journal
-- ARGV  1 run id  2 from (an id, or '(id')  3 to  4 entries to look at
-- Reply the id to go on after, or '' at the end

local page = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[3], 'COUNT', ARGV[4])
if #page == 0 then return '' end
for _, entry in ipairs(page) do
  -- The fields begin with r, the run's id (write-events.lua).
  if entry[2][2] == ARGV[1] then redis.call('XDEL', KEYS[1], entry[1]) end
end
return page[#page][1]
