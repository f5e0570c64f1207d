-- Shared by the scripts of a group whose events are handled by workers outside of the service (take.lua). What is given
-- out one after the other is a lane: with `ordering: run` all of a run, else each entry by itself.
--
-- A lane is in one of two sorted sets: `leased` while a worker has its first entry, by when the lease ends, or `delayed`
-- while it waits for a worker, by when it is due, 0 for now. Its name there is the run's id, or the entry's. With
-- `ordering: run` the sorted set `parked` has all entries of each lane by run and id. What is told by none of them any
-- more, since the entry was trimmed or its run deleted, is found out when the lane's turn comes.
--
-- What the state of an entry (group.lua) has for `delivery`: '@', the secret part of the token, ':', the lane's run or ''
--
-- k: { stream, entries, delayed, dead, is_redrive, leased, parked, is_ordered }

local function delivery_of(secret, run) return '@' .. secret .. ':' .. run end

local function run_of(state) return string.match(state.delivery, '^@[^:]*:(.*)$') or '' end

local function lane_of(k, id, run) return k.is_ordered and run or id end

-- As park.lua has them.
local function parked_member(run, id)
  local ms, n = string.match(id, '^(%d+)%-(%d+)$')
  return run .. ' ' .. string.rep('0', 16 - #ms) .. ms .. '-' .. string.rep('0', 16 - #n) .. n
end

-- The first entry of a lane, or nil when nothing is in it.
local function head_of(k, lane)
  if not k.is_ordered then return lane end
  local member = redis.call('ZRANGE', k.parked, '[' .. lane .. ' ', '(' .. lane .. '!', 'BYLEX', 'LIMIT', 0, 1)[1]
  if not member then return nil end
  local ms, n = string.match(member, ' 0*(%d+)%-0*(%d+)$')
  return ms .. '-' .. n
end

local function clear_lane(k, lane)
  redis.call('ZREM', k.leased, lane)
  redis.call('ZREM', k.delayed, lane)
end

-- An entry has its outcome, or is gone: what comes after it may be given out.
local function leave_lane(k, id, run)
  local lane = lane_of(k, id, run)
  if not k.is_ordered then return clear_lane(k, lane) end
  local was_first = head_of(k, lane) == id
  redis.call('ZREM', k.parked, parked_member(run, id))
  if not was_first then return end
  clear_lane(k, lane)
  if head_of(k, lane) then redis.call('ZADD', k.delayed, 0, lane) end
end
