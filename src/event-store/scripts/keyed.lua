-- Shared by the scripts that write to the index of keys.

-- A run there: its key and its id, with a character between them that no key has. So the runs of one key lie together,
-- by their time (run-index.ts).
local function keyed_member(key, id)
  return key .. '\0' .. id
end
