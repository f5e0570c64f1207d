-- Shared by the scripts that create and delete runs, which include run-terms.lua before.

local ESCAPED = { ['\0'] = '\1\1', ['\1'] = '\1\2' }

-- The members of a run in the index for what never changes of it. labels: as JSON.
local function fixed_members(id, executor, key, labels)
  local members = { indexed('x' .. executor, id) }
  if key and key ~= '' then members[2] = indexed('k' .. key, id) end
  local fine, values = pcall(cjson.decode, labels)
  for name, value in pairs(fine and type(values) == 'table' and values or {}) do
    if type(value) == 'string' then
      -- A name has neither colons nor control characters.
      members[#members + 1] = indexed('l' .. name .. ':' .. string.gsub(value, '[%z\1]', ESCAPED), id)
    end
  end
  return members
end
