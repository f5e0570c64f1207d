-- How long a tenant's journal is, and how far its groups are behind. Nothing is written.
--
-- Redis's own `lag` is null after deletions and for a group that began at an id that never was (T50). Here it is
-- counted from the journal's ids, which have no holes but those of deleted events, less these.
--
-- KEYS  1 journal  2 journal:last  3 journal:deleted
-- Reply {length, first id or '', last id given or '', then for each group: name, pending, lag}

--- include journal-last.lua
--- include journal-lag.lua

local journal = KEYS[1]
local last = journal_last(journal, KEYS[2])
if redis.call('EXISTS', journal) == 0 then return { 0, '', last or '' } end

local length = redis.call('XLEN', journal)
local oldest = redis.call('XRANGE', journal, '-', '+', 'COUNT', 1)[1]
local reply = { length, oldest and oldest[1] or '', last or '' }
for _, fields in ipairs(redis.call('XINFO', 'GROUPS', journal)) do
  local group = {}
  for i = 1, #fields, 2 do group[fields[i]] = fields[i + 1] end
  local lag = lag_after(group['last-delivered-id'], journal, KEYS[3], last)
  reply[#reply + 1] = group.name
  reply[#reply + 1] = group.pending
  reply[#reply + 1] = lag
end
return reply
