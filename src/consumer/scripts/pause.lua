-- Pauses a group in one tenant, and writes down who did and when. Paused again, it stays as it was.
--
-- KEYS  1 meta
-- ARGV  1 who, or '' when nobody has to say who they are
-- Reply nothing

--- include ../../redis/scripts/time.lua

if redis.call('HGET', KEYS[1], 'paused') == '1' then return end
redis.call('HSET', KEYS[1], 'paused', '1', 'paused_at', now_ms(), 'paused_by', ARGV[1])
