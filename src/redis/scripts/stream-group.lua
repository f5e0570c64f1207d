-- Shared by the scripts that look at a stream's groups.

local function as_table(fields)
  local result = {}
  for i = 1, #fields, 2 do result[fields[i]] = fields[i + 1] end
  return result
end

-- What Redis says of a group, or nil where there is none, and then whether its stream is not there either. Asking for one
-- that is not there is an error.
local function find_group(stream, name)
  if redis.call('EXISTS', stream) == 0 then return nil, true end
  for _, fields in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    local group = as_table(fields)
    if group.name == name then return group end
  end
end
