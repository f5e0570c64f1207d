-- Shared by the scripts that look at a stream's groups.

local function as_table(fields)
  local result = {}
  for i = 1, #fields, 2 do result[fields[i]] = fields[i + 1] end
  return result
end

-- What Redis says of a group, or nil where there is none. Asking for a stream that is not there is an error.
local function find_group(stream, name)
  if redis.call('EXISTS', stream) == 0 then return nil end
  for _, fields in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    local group = as_table(fields)
    if group.name == name then return group end
  end
end
