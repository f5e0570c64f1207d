-- Shared by the scripts that write to the index of runs (run-index.ts).

-- A run stands there once for each thing that lists are filtered by, which is a term: its status, its executor, its key
-- and each of its labels. HELD is one more, while an executor has it. A member is a term, a NUL and the run's id, and no
-- term holds a NUL: so the runs of one term lie together, by their time.
local HELD = 'h'

local function indexed(term, id)
  return term .. '\0' .. id
end

local function status_term(status)
  return 's' .. status
end
