-- Shared by the scripts that are given numbers. What is no whole number is refused before anything is written, since
-- Redis does not undo a script that fails half-way.

local MAX_WHOLE = 9007199254740991

-- Lua's own tonumber() takes `nan` and `inf` for numbers.
local function whole(text, name, most)
  local value = tonumber(text)
  if not value or value ~= math.floor(value) or value < 0 or value > (most or MAX_WHOLE) then
    error(string.format('%s must be a whole number from 0 to %.0f', name, most or MAX_WHOLE), 0)
  end
  return value
end
