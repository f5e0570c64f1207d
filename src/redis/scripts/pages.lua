-- Shared by the scripts that hand many values to one command. Lua's stack takes some 8000 of them, so a command gets
-- them in pages.

-- Even, so that the fields and values of a hash stay together.
local PAGE = 1000

-- Calls a command with every value: `before` is what stands in front of them, `after` what follows.
local function call_in_pages(before, values, after)
  for first = 1, #values, PAGE do
    local page = {}
    for _, value in ipairs(before) do page[#page + 1] = value end
    for i = first, math.min(first + PAGE - 1, #values) do page[#page + 1] = values[i] end
    for _, value in ipairs(after or {}) do page[#page + 1] = value end
    redis.call(unpack(page))
  end
end

-- What a command answers for each of the values; false where there is nothing.
local function read_in_pages(before, values)
  local found = {}
  for first = 1, #values, PAGE do
    local page = {}
    for _, value in ipairs(before) do page[#page + 1] = value end
    local last = math.min(first + PAGE - 1, #values)
    for i = first, last do page[#page + 1] = values[i] end
    local answers = redis.call(unpack(page))
    for i = first, last do found[i] = answers[i - first + 1] end
  end
  return found
end

-- A reply that begins with `head` and goes on with the values.
local function reply_with(head, values)
  for _, value in ipairs(values) do head[#head + 1] = value end
  return head
end
