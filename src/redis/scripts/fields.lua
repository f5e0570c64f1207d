-- Shared by the scripts that look at a field of an entry, which Redis gives as name, value, name, value.

local function field_of(fields, name)
  for i = 1, #fields, 2 do if fields[i] == name then return fields[i + 1] end end
end
