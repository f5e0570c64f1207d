-- Shared by the scripts that append. Writes events whose every check has been made: to the run's log, to the
-- journal, to the run's record, and one message to those who watch.
--
-- Redis does not undo a script that fails half-way. So write_events() touches each key that it will write to with a
-- command of its type before its first write, unless that first write does so itself: a key of a wrong type then fails
-- the script while nothing has happened yet. The record and the keys of events are for the caller, who reads them.

local EVENT_ARGS = 3
-- A message above this would fill the output buffer of the pub/sub connection (32 MB by default), and cut every
-- watcher's feed: watchers read such a batch from the log.
local MAX_MESSAGE_BYTES = 65536
-- With more events than this, making a message that nobody reads costs more than asking whether anybody listens.
local FEW_EVENTS = 4
-- A run counts its events by type for so many types, the first it has; others together. Its record is read whole, by
-- every list of runs.
local MAX_COUNTED_TYPES = 200
local TERMINAL = { completed = true, failed = true, cancelled = true }

--- include ../../redis/scripts/time.lua
--- include journal-last.lua
--- include run-terms.lua

local function format_ms(ms)
  return string.format('%d-', ms)
end

local function format_id(ms, n)
  return string.format('%d-%d', ms, n)
end

local function parse_id(id)
  local ms, n = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(n)
end

-- For scripts that write before they call write_events(). k: { run, events, keys, journal, journal_last, active, index }.
local function assert_types(k)
  redis.call('HLEN', k.run)
  redis.call('XLEN', k.events)
  redis.call('HLEN', k.keys)
  redis.call('ZCARD', k.active)
  redis.call('ZCARD', k.index)
  redis.call('XLEN', k.journal)
  redis.call('GET', k.journal_last)
end

-- The arguments of an event: type, body, and '1' if it is journaled, else '0'; for the few that have any of it, followed
-- by timestamp, key, run status and outcome, each but the last with a newline behind it.
local function read_event(first_arg, index)
  local a = first_arg + index * EVENT_ARGS
  local event, more = { type = ARGV[a], body = ARGV[a + 1], at = '', key = '', status = '', outcome = '' }, ARGV[a + 2]
  event.journaled = string.byte(more) == 49
  if #more > 1 then
    event.at, event.key, event.status, event.outcome = string.match(more, '^.(.-)\n(.-)\n(.-)\n(.*)$')
  end
  return event
end

-- What few events have besides their type and body, as field, value, field, value; nil for most.
local function rare_fields(event, ends)
  if event.at == '' and event.key == '' and not ends then return nil end
  local fields = {}
  if event.at ~= '' then fields[1] = 'at'; fields[2] = event.at end
  if event.key ~= '' then fields[#fields + 1] = 'k'; fields[#fields + 1] = event.key end
  if ends then fields[#fields + 1] = 'end'; fields[#fields + 1] = event.status end
  return fields
end

-- Forgets keys of events that were trimmed, some at each call, once they are more than the events kept. It looks at
-- twice as many as were added, or their number would grow without bound.
local function bound_keys(k, limits, added)
  if redis.call('HLEN', k.keys) <= limits.max_events + 1000 then return end
  local first = redis.call('XRANGE', k.events, '-', '+', 'COUNT', 1)[1]
  local _, first_sequence = parse_id(first[1])
  local cursor = redis.call('HGET', k.run, 'keys_cursor') or '0'
  local page = redis.call('HSCAN', k.keys, cursor, 'COUNT', math.max(200, 2 * added))
  for i = 1, #page[2], 2 do
    local _, sequence = parse_id(page[2][i + 1])
    if sequence < first_sequence then redis.call('HDEL', k.keys, page[2][i]) end
  end
  redis.call('HSET', k.run, 'keys_cursor', page[1])
end

-- Says how often the run has each type from now on, as field, value, field, value. added: by type. Only the first
-- MAX_COUNTED_TYPES are counted apart.
local function counts_of(run_key, added)
  local fields = {}
  for type in pairs(added) do fields[#fields + 1] = 'n:' .. type end
  local counts, counted, others = {}, nil, nil
  for i, before in ipairs(redis.call('HMGET', run_key, unpack(fields))) do
    local count, more = before and (tonumber(before) or 0), added[string.sub(fields[i], 3)]
    if not count then
      -- Most are not the first of their type, and need no other call.
      if not counted then
        local found = redis.call('HMGET', run_key, 'types', 'n:other')
        counted, others = tonumber(found[1] or 0) or 0, tonumber(found[2] or 0) or 0
      end
      if counted < MAX_COUNTED_TYPES then
        counted, count = counted + 1, 0
      else
        others = others + more
      end
    end
    if count then counts[#counts + 1] = fields[i]; counts[#counts + 1] = count + more end
  end
  if counted then counts[#counts + 1] = 'types'; counts[#counts + 1] = counted end
  if counted and others > 0 then counts[#counts + 1] = 'n:other'; counts[#counts + 1] = others end
  return counts
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

-- k: as in assert_types. channels: { run, journal }. limits: { max_events, event_ttl, run_ttl }.
-- run: { id, status, sequence, last_ms, executor, journal_first, is_new }; its status is then what it has become, which
-- for a new one the caller writes to the index. Returns what all new ids begin with, and the sequence before the first
-- of them. append-one.lua does the same for most single events.
local function write_events(k, channels, limits, run, events)
  local call = redis.call
  local added, journaled = {}, false
  local before, after = run.status, run.status
  for i = 1, #events do
    local event = events[i]
    added[event.type] = (added[event.type] or 0) + 1
    journaled = journaled or event.journaled
    if event.status == 'running' then
      if after == 'pending' then after = 'running' end
    elseif event.status ~= '' then
      after = event.status
    end
  end
  local ended = TERMINAL[after] or false
  local record = counts_of(k.run, added)
  if after ~= before then call('ZCARD', k.index) end
  if ended then call('ZCARD', k.active) end

  local ms = math.max(now_ms(), run.last_ms)
  local journal_ms, journal_n = 0, 0
  if journaled then
    -- Were it behind the journal, the journal would refuse the entry when the log has the event already.
    local last_in_journal = journal_last(k.journal, k.journal_last)
    if last_in_journal then journal_ms, journal_n = parse_id(last_in_journal) end
    journal_ms = math.max(ms, journal_ms)
  end

  local id_prefix, sequence, id = format_ms(ms), run.sequence, nil
  local message, lines, message_bytes = { '' }, 1, 0
  -- Whoever listens at a replica then reads the events from the log.
  if #events > FEW_EVENTS and call('PUBSUB', 'SHARDNUMSUB', channels.run)[2] == 0 then
    message_bytes = MAX_MESSAGE_BYTES + 1
  end
  local keyed = false
  local journal_first
  for i = 1, #events do
    local event = events[i]
    local ends = TERMINAL[event.status] or false
    id = id_prefix .. (sequence + i)
    local rare = rare_fields(event, ends)
    -- Spelled out, since this is done for every event there is. Trimming once per batch is enough: `~` only ever drops
    -- whole nodes.
    if i == #events then
      call('XADD', k.events, 'MAXLEN', '~', limits.max_events, id, 't', event.type, 'e', event.body, unpack(rare or {}))
    elseif rare then
      call('XADD', k.events, id, 't', event.type, 'e', event.body, unpack(rare))
    else
      call('XADD', k.events, id, 't', event.type, 'e', event.body)
    end

    if event.journaled then
      journal_n = journal_n + 1
      local journal_id = format_id(journal_ms, journal_n)
      journal_first = journal_first or journal_id
      call('XADD', k.journal, journal_id, 'r', run.id, 'i', id, 't', event.type, 'e', event.body, unpack(rare or {}))
    end
    if event.key ~= '' then
      keyed = true
      call('HSET', k.keys, event.key, id)
    end
    if event.status ~= '' then
      for _, value in ipairs(changes_of(event, run, ms, limits)) do record[#record + 1] = value end
      if event.status == 'running' and run.status == 'pending' then run.status = 'running' end
    end

    if message_bytes <= MAX_MESSAGE_BYTES then
      local head
      if rare then
        head = table.concat({
          id, event.type, event.at == '' and '-' or event.at, ends and event.status or '-',
          event.key == '' and '-' or event.key,
        }, ' ')
      else
        head = id .. ' ' .. event.type .. ' - - -'
      end
      message_bytes = message_bytes + #head + #event.body + 2
      message[lines + 1] = head
      message[lines + 2] = event.body
      lines = lines + 2
    end
  end

  local journal_id
  if journal_first then
    journal_id = format_id(journal_ms, journal_n)
    call('SET', k.journal_last, journal_id)
    record[#record + 1] = 'journal_last'; record[#record + 1] = journal_id
    if not run.journal_first then
      record[#record + 1] = 'journal_first'; record[#record + 1] = journal_first
    end
  end
  call('HSET', k.run, 'sequence', sequence + #events, 'last_ms', ms, unpack(record))
  if keyed then bound_keys(k, limits, #events) end

  run.status = after
  if after ~= before and not run.is_new then
    call('ZREM', k.index, indexed(status_term(before), run.id))
    if ended and run.executor ~= 'external' then call('ZREM', k.index, indexed(HELD, run.id)) end
    call('ZADD', k.index, 0, indexed(status_term(after), run.id))
  end
  if ended then
    call('ZREM', k.active, run.id)
    call('EXPIRE', k.events, limits.event_ttl)
    call('EXPIRE', k.keys, limits.event_ttl)
    call('EXPIRE', k.run, limits.run_ttl)
  end

  local first = id_prefix .. (sequence + 1)
  message[1] = first .. ' ' .. id
  if message_bytes > MAX_MESSAGE_BYTES then message = { message[1] } end
  call('SPUBLISH', channels.run, table.concat(message, '\n'))
  if journal_id then call('SPUBLISH', channels.journal, journal_first .. ' ' .. journal_id) end
  return id_prefix, sequence
end
