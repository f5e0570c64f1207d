-- Sends one dead letter back to its group, once: it leaves the dead letters in the same step.
--
-- KEYS  1 dead  2 redrive
-- ARGV  1 id of the dead letter
-- Reply 1 | 0 when there is none with this id | -1 when its body was trimmed, so that nothing could be handled

local letter = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
if not letter then return 0 end
local entry, fields = { 'XADD', KEYS[2], '*' }, letter[2]
local own = { entry = true, error = true, attempts = true, first = true, last = true }
for i = 1, #fields, 2 do
  if not own[fields[i]] then
    entry[#entry + 1] = fields[i]
    entry[#entry + 1] = fields[i + 1]
  end
end
if #entry == 3 then return -1 end
redis.call(unpack(entry))
redis.call('XDEL', KEYS[1], ARGV[1])
return 1
