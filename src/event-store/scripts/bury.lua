-- Shared by the scripts that take an entry out of its source for a group, for good: those of the groups, and the one
-- that trims the journal.

local MAX_DEAD_LETTERS = 100000

-- What a group knows of an entry that is pending (src/consumer/scripts/group.lua). What can't be read counts as nothing:
-- the entry begins afresh.
local function read_state(text)
  local attempts, failures, flag, token, first, delivery, last_error =
    string.match(text or '', '^(%d+) (%d+) (%a) (%d+) (%d+) ?(%S*) ?(.*)$')
  if not attempts then return { attempts = 0, failures = 0, flag = '', token = 0, first = 0, delivery = '', last_error = '' } end
  return {
    attempts = tonumber(attempts), failures = tonumber(failures), flag = flag, token = tonumber(token),
    first = tonumber(first), delivery = delivery, last_error = last_error,
  }
end

-- Takes an entry out of its source and into the dead letters, body and all. k: { stream, entries, delayed, dead }.
local function bury(k, group, id, state, reason, now)
  local entry = redis.call('XRANGE', k.stream, id, id)[1]
  local letter = {
    'XADD', k.dead, 'MAXLEN', '~', MAX_DEAD_LETTERS, '*', 'entry', id, 'error', reason,
    'attempts', state.attempts, 'first', state.first > 0 and state.first or now, 'last', now,
  }
  for _, value in ipairs(entry and entry[2] or {}) do letter[#letter + 1] = value end
  redis.call(unpack(letter))
  redis.call('XACK', k.stream, group, id)
  redis.call('HDEL', k.entries, id)
  redis.call('ZREM', k.delayed, id)
  if k.is_redrive then redis.call('XDEL', k.stream, id) end
end
