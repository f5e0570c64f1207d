-- Reads new entries of an ordered group, for its owner alone. Had it waited for them in XREADGROUP itself, it could be
-- given some after it had lost the group, and the new owner would never learn of them.
--
-- KEYS  1 stream  2 owner
-- ARGV  1 group  2 consumer  3 owner's fence  4 most entries
-- Reply {'FENCED'} | {id up to which there is nothing more to read, entries…}

--- include group.lua

if is_fenced(KEYS[2], ARGV[3]) then return { 'FENCED' } end
local reply = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', ARGV[4], 'STREAMS', KEYS[1], '>')
local entries = reply and reply[1][2] or {}
local last = entries[#entries] or redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
return reply_with({ last and last[1] or '0-0' }, entries)
