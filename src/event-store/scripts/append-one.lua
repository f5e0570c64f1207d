-- The short way of append.lua, for the usual append: one event of a type that the run has had, with nothing besides its
-- type and body, and no copy in the journal. It is a script of its own with few arguments, since Redis pays for each of
-- them, and for each function that a script defines, at every call. What is refused is left to append.lua.
--
-- KEYS  1 run  2 events  3 meter, where the tenant has limits
-- ARGV  1 run channel  2 events kept  3 fence or ''  4 type  5 body  6 these limits (meter.lua)
-- Reply the id | {'LIMIT', name, value, ms}; nil: nothing was done, take the long way

--- include ../../redis/scripts/time.lua

local call, type, body = redis.call, ARGV[4], ARGV[5]
local counter = 'n:' .. type
local field = call('HMGET', KEYS[1], 'status', 'sequence', 'last_ms', counter, 'fence', 'deleting')
local is_open = (field[1] == 'running' or field[1] == 'pending') and not field[6]
if not is_open or not field[4] or (ARGV[3] ~= '' and ARGV[3] ~= field[5]) then return nil end

local note
if KEYS[3] then
--- include meter.lua
  local refusal
  refusal, note = meter(KEYS[3], ARGV[6], 1, #body, false)
  if refusal then return refusal end
end

-- As text once: Redis prints each number that it is given, and slowly.
local ms = string.format('%d', math.max(now_ms(), field[3]))
local sequence, count = string.format('%d', field[2] + 1), string.format('%d', field[4] + 1)
local id = ms .. '-' .. sequence
call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], id, 't', type, 'e', body)
call('HSET', KEYS[1], 'sequence', sequence, 'last_ms', ms, counter, count)
if note then call(unpack(note)) end
call('SPUBLISH', ARGV[1], id .. ' ' .. id .. '\n' .. id .. ' ' .. type .. ' - - -\n' .. body)
return id
