-- The usual append: one event, of a type that the run has had, with nothing besides its type and body, and no copy in the
-- journal. What is anything else, or is refused, goes on to what follows in append.lua. This does the same with fewer
-- steps, and stands before it, since a script pays for each function that it defines whenever it runs.

--- include time.lua

if #ARGV == 15 and ARGV[15] == '0' and ARGV[9] == '' and ARGV[10] == '' and ARGV[12] ~= '1' and #ARGV[14] < 32768 then
  local call, type, body = redis.call, ARGV[13], ARGV[14]
  local counter = 'n:' .. type
  local field = call('HMGET', KEYS[1], 'status', 'sequence', 'last_ms', counter, 'fence', 'deleting')
  if field[1] == 'running' and field[4] and (ARGV[8] == '' or ARGV[8] == field[5]) and not field[6] then
    -- As text once: Redis prints each number that it is given, and slowly.
    local ms = string.format('%d', math.max(now_ms(), field[3]))
    local sequence, count = string.format('%d', field[2] + 1), string.format('%d', field[4] + 1)
    local id = ms .. '-' .. sequence
    call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], id, 't', type, 'e', body)
    call('HSET', KEYS[1], 'sequence', sequence, 'last_ms', ms, counter, count)
    call('SPUBLISH', ARGV[2], id .. ' ' .. id .. '\n' .. id .. ' ' .. type .. ' - - -\n' .. body)
    return { 'OK', 1, 0, id }
  end
end
