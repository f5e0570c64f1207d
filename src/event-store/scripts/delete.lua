-- Deletes a run: page by page its entries in the journal, then all the rest at once, and tells those who watch it.
-- From the first page on nothing more is appended, or the pages would never end for a busy run.
--
-- KEYS  1 run  2 events  3 idempotency keys  4 active  5 runs  6 journal  7 journal:deleted  8 index
--       9 that it was deleted
-- ARGV  1 run id  2 run channel  3 journal entries to look at  4 the journal id to go on after, or ''
--       5 for how long it is known to be deleted s
-- Reply {'OK'} | {'NOT_FOUND'} | {'AGAIN', the journal id to go on after}

--- include run-terms.lua
--- include fixed-terms.lua

local field = redis.call('HMGET', KEYS[1], 'status', 'journal_first', 'journal_last', 'executor', 'key', 'labels')
if not field[1] then return { 'NOT_FOUND' } end
-- Keys of a wrong type fail here, while nothing has happened yet.
redis.call('ZCARD', KEYS[4])
redis.call('ZCARD', KEYS[5])
redis.call('XLEN', KEYS[6])
redis.call('HLEN', KEYS[7])
redis.call('ZCARD', KEYS[8])

if field[2] then
  local from = ARGV[4] == '' and field[2] or '(' .. ARGV[4]
  local page = redis.call('XRANGE', KEYS[6], from, field[3], 'COUNT', ARGV[3])
  for _, entry in ipairs(page) do
    -- The fields begin with r, the run's id (write-events.lua).
    if entry[2][2] == ARGV[1] and redis.call('XDEL', KEYS[6], entry[1]) == 1 then
      -- By hundreds of ids: a group's lag is counted from ids, less those that are gone (journal-info.lua).
      redis.call('HINCRBY', KEYS[7], math.floor(tonumber(string.match(entry[1], '%-(%d+)$')) / 100), 1)
    end
  end
  if #page == tonumber(ARGV[3]) then
    redis.call('HSET', KEYS[1], 'deleting', 1)
    return { 'AGAIN', page[#page][1] }
  end
end
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('ZREM', KEYS[5], ARGV[1])
local members = fixed_members(ARGV[1], field[4] or '', field[5], field[6] or '{}')
redis.call('ZREM', KEYS[8], indexed(status_term(field[1]), ARGV[1]), indexed(HELD, ARGV[1]), unpack(members))
redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3])
redis.call('SET', KEYS[9], 1, 'EX', ARGV[5])
redis.call('SPUBLISH', ARGV[2], 'deleted')
return { 'OK' }
