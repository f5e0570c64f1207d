-- Shared by the scripts that append. Writes events whose every check has been made: to the run's log, to the
-- journal, to the run's record, and one message to those who watch.
--
-- Redis does not undo a script that fails half-way, so assert_types() touches each key with a command of its type
-- before the first write: a key of a wrong type then fails the script while nothing has happened yet.

local EVENT_ARGS = 7
-- A message above this would fill the output buffer of the pub/sub connection (32 MB by default), and cut every
-- watcher's feed: watchers read such a batch from the log.
local MAX_MESSAGE_BYTES = 65536
local TERMINAL = { completed = true, failed = true, cancelled = true }

--- include time.lua
--- include journal-last.lua

local function format_id(ms, n)
  return string.format('%d-%d', ms, n)
end

local function parse_id(id)
  local ms, n = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(n)
end

-- k: { run, events, keys, journal, journal_last, active }
local function assert_types(k)
  redis.call('HLEN', k.run)
  redis.call('XLEN', k.events)
  redis.call('HLEN', k.keys)
  redis.call('XLEN', k.journal)
  redis.call('GET', k.journal_last)
  redis.call('ZCARD', k.active)
end

local function read_event(first_arg, index)
  local a = first_arg + index * EVENT_ARGS
  return {
    type = ARGV[a], body = ARGV[a + 1], at = ARGV[a + 2], key = ARGV[a + 3],
    status = ARGV[a + 4], outcome = ARGV[a + 5], journaled = ARGV[a + 6] == '1',
  }
end

local function add_fields(command, event, ends)
  local n = #command
  command[n + 1] = 't'
  command[n + 2] = event.type
  command[n + 3] = 'e'
  command[n + 4] = event.body
  n = n + 4
  if event.at ~= '' then command[n + 1] = 'at'; command[n + 2] = event.at; n = n + 2 end
  if event.key ~= '' then command[n + 1] = 'k'; command[n + 2] = event.key; n = n + 2 end
  if ends then command[n + 1] = 'end'; command[n + 2] = event.status end
  return command
end

-- Forgets keys of events that were trimmed, some at each call, once they are more than the events kept. It looks at
-- twice as many as were added, or their number would grow without bound.
local function bound_keys(k, limits, run, added)
  if redis.call('HLEN', k.keys) <= limits.max_events + 1000 then return end
  local first = redis.call('XRANGE', k.events, '-', '+', 'COUNT', 1)[1]
  local _, first_sequence = parse_id(first[1])
  local page = redis.call('HSCAN', k.keys, run.keys_cursor or '0', 'COUNT', math.max(200, 2 * added))
  for i = 1, #page[2], 2 do
    local _, sequence = parse_id(page[2][i + 1])
    if sequence < first_sequence then redis.call('HDEL', k.keys, page[2][i]) end
  end
  redis.call('HSET', k.run, 'keys_cursor', page[1])
end

-- What an event changes in its run, as field, value, field, value.
local function changes_of(event, run, ms, limits)
  if event.status == 'running' then
    if run.status ~= 'pending' then return {} end
    return { 'status', 'running', 'started_at', ms }
  end
  local changes = {
    'status', event.status, 'completed_at', ms, 'expires_at', ms + limits.event_ttl * 1000,
  }
  if event.status == 'completed' then changes[7] = 'result'; changes[8] = event.outcome end
  if event.status == 'failed' then changes[7] = 'error'; changes[8] = event.outcome end
  return changes
end

-- k: as in assert_types. channels: { run, journal }. limits: { max_events, event_ttl, run_ttl, idle_ms }.
-- run: { id, status, sequence, last_ms, executor, journal_first, keys_cursor }. Returns the new ids.
local function write_events(k, channels, limits, run, events)
  local ms = math.max(now_ms(), run.last_ms)
  local journal_ms, journal_n = 0, 0
  -- Were it behind the journal, the journal would refuse the entry when the log has the event already.
  local last_in_journal = journal_last(k.journal, k.journal_last)
  if last_in_journal then journal_ms, journal_n = parse_id(last_in_journal) end
  journal_ms = math.max(ms, journal_ms)

  local ids, message, message_bytes = {}, { '' }, 0
  local record, counts, ended = {}, {}, false
  local journal_first
  for i, event in ipairs(events) do
    local id = format_id(ms, run.sequence + i)
    local ends = TERMINAL[event.status] or false
    ids[i] = id
    local command = { 'XADD', k.events }
    -- Trimming once per batch is enough: `~` only ever drops whole nodes.
    if i == #events then
      command[3] = 'MAXLEN'; command[4] = '~'; command[5] = limits.max_events
    end
    command[#command + 1] = id
    redis.call(unpack(add_fields(command, event, ends)))

    if event.journaled then
      journal_n = journal_n + 1
      local journal_id = format_id(journal_ms, journal_n)
      journal_first = journal_first or journal_id
      redis.call(unpack(add_fields({ 'XADD', k.journal, journal_id, 'r', run.id, 'i', id }, event, ends)))
    end
    if event.key ~= '' then redis.call('HSET', k.keys, event.key, id) end
    if event.status ~= '' then
      for _, value in ipairs(changes_of(event, run, ms, limits)) do record[#record + 1] = value end
      if event.status == 'running' and run.status == 'pending' then run.status = 'running' end
      ended = ended or ends
    end
    counts[event.type] = (counts[event.type] or 0) + 1

    if message_bytes <= MAX_MESSAGE_BYTES then
      local head = table.concat({
        id, event.type, event.at == '' and '-' or event.at, ends and event.status or '-',
        event.key == '' and '-' or event.key,
      }, ' ')
      message_bytes = message_bytes + #head + #event.body + 2
      message[#message + 1] = head
      message[#message + 1] = event.body
    end
  end

  local journal_id
  if journal_first then
    journal_id = format_id(journal_ms, journal_n)
    redis.call('SET', k.journal_last, journal_id)
    record[#record + 1] = 'journal_last'; record[#record + 1] = journal_id
    if not run.journal_first then
      record[#record + 1] = 'journal_first'; record[#record + 1] = journal_first
    end
  end
  redis.call('HSET', k.run, 'sequence', run.sequence + #events, 'last_ms', ms, unpack(record))
  for type, count in pairs(counts) do redis.call('HINCRBY', k.run, 'n:' .. type, count) end
  bound_keys(k, limits, run, #events)

  if ended then
    redis.call('ZREM', k.active, run.id)
    redis.call('EXPIRE', k.events, limits.event_ttl)
    redis.call('EXPIRE', k.keys, limits.event_ttl)
    redis.call('EXPIRE', k.run, limits.run_ttl)
  elseif run.executor == 'external' and limits.idle_ms > 0 then
    redis.call('ZADD', k.active, ms + limits.idle_ms, run.id)
  end

  message[1] = ids[1] .. ' ' .. ids[#ids]
  if message_bytes > MAX_MESSAGE_BYTES then message = { message[1] } end
  redis.call('SPUBLISH', channels.run, table.concat(message, '\n'))
  if journal_id then redis.call('SPUBLISH', channels.journal, journal_first .. ' ' .. journal_id) end
  return ids
end
