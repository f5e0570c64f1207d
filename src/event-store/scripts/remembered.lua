-- Shared by the scripts that answer idempotent requests. What is remembered under a request's key, each on a line of
-- its own: the request's fingerprint, the id of the run, and what an append answered. Nothing of the run itself, so
-- that its content goes when the run goes.

-- Nil when nothing is remembered; else what the script replies with.
local function remembered(key, fingerprint)
  local stored = redis.call('GET', key)
  if not stored then return nil end
  local first, run_id, answer = string.match(stored, '^(.-)\n(.-)\n(.*)$')
  if first ~= fingerprint then return { 'CONFLICT', run_id } end
  return { 'REPLAYED', run_id, answer }
end

local function remember(key, fingerprint, run_id, answer, ttl)
  redis.call('SET', key, fingerprint .. '\n' .. run_id .. '\n' .. answer, 'EX', ttl)
end
