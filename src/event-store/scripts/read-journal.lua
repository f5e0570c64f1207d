-- Reads a page of a tenant's journal, bounded in entries and in bytes, and what is known of a cursor in it.
--
-- KEYS  1 journal  2 journal:last  3 journal:trimmed
-- ARGV  1 from  2 to (ids, '-', '+', or '(id' for exclusive)  3 'asc' or 'desc'
--       4 most entries  5 most bytes (at least one entry is given, whatever its size)
--       6 the cursor to look for, or ''
-- Reply {last id given or '', last id trimmed or '', '1' when the entries reach the end of the range,
--       '1' when the cursor is there or none is looked for; else '0' and the ids of the entries before it and after it
--       and of the oldest one, or '', then the entries}

--- include journal-last.lua
--- include read-page.lua

local journal, cursor = KEYS[1], ARGV[6]

local function id_of(page) return page[1] and page[1][1] or '' end

local found, before, after, oldest = '1', '', '', ''
if cursor ~= '' and #redis.call('XRANGE', journal, cursor, cursor) == 0 then
  found = '0'
  if cursor ~= '0-0' then before = id_of(redis.call('XREVRANGE', journal, '(' .. cursor, '-', 'COUNT', 1)) end
  after = id_of(redis.call('XRANGE', journal, '(' .. cursor, '+', 'COUNT', 1))
  oldest = id_of(redis.call('XRANGE', journal, '-', '+', 'COUNT', 1))
end
local entries, complete =
  read_page(journal, ARGV[1], ARGV[2], ARGV[3] == 'asc', tonumber(ARGV[4]), tonumber(ARGV[5]))
return {
  journal_last(journal, KEYS[2]) or '', redis.call('GET', KEYS[3]) or '', complete and '1' or '0',
  found, before, after, oldest, entries,
}
