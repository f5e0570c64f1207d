-- The last id that the journal gave, or nil. Should the key that keeps it be behind the journal, the journal counts.
local function journal_last(journal, key)
  local last = redis.call('GET', key)
  local ahead = redis.call('XREVRANGE', journal, '+', '(' .. (last or '0-0'), 'COUNT', 1)[1]
  return ahead and ahead[1] or last or nil
end
