-- Shared by the scripts that walk through dead letters.

--- include ../../redis/scripts/fields.lua

-- A filter as a client writes it, checked already: exact types and categories, separated by commas. '' is all.
local function read_filter(text)
  if text == '' then return nil end
  local filter = { exact = {}, categories = {} }
  for type in string.gmatch(text, '[^,]+') do
    local category = string.match(type, '^(.*)%.%*$')
    if category then filter.categories[category] = true else filter.exact[type] = true end
  end
  return filter
end

local function passes(filter, fields)
  if not filter then return true end
  local type = field_of(fields, 't')
  if not type then return false end
  return filter.exact[type] or filter.categories[string.match(type, '^[^.]*')] or false
end

local function size_of(fields)
  local bytes = 0
  for _, value in ipairs(fields) do bytes = bytes + #value end
  return bytes
end
