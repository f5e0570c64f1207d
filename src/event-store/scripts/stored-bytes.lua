-- What some runs take of Redis's memory, with all that belongs to them alone.
--
-- KEYS  1… per run: run, events, idempotency keys
-- Reply bytes

local bytes = 0
for i = 1, #KEYS do
  -- To the byte, but for keys of events: these are many and alike.
  local samples = i % 3 == 0 and 5 or 0
  bytes = bytes + (redis.call('MEMORY', 'USAGE', KEYS[i], 'SAMPLES', samples) or 0)
end
return bytes
