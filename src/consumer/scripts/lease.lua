-- Shared by the scripts that ask whether a lease has ended.

-- The lease of a consumer, in ms: what its name ends with.
local function lease_of(consumer, otherwise)
  return tonumber(string.match(consumer, '%.(%d+)$')) or otherwise
end
