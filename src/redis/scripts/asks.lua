-- Shared by the scripts that answer many in one call (gathered-script.ts). ARGV holds for each of them how many keys and
-- how many arguments are its own, then its arguments; KEYS the keys of all. One that fails does not keep the others
-- from their answers.

local function answer_all(answer)
  local replies, key, arg = {}, 1, 1
  while arg <= #ARGV do
    local last_key, last_arg = key + tonumber(ARGV[arg]) - 1, arg + 1 + tonumber(ARGV[arg + 1])
    local keys, args = {}, {}
    for i = key, last_key do keys[#keys + 1] = KEYS[i] end
    for i = arg + 2, last_arg do args[#args + 1] = ARGV[i] end
    local is_answered, reply = pcall(answer, keys, args)
    -- What a command refuses comes as a table, and what the script itself does as a text.
    if not is_answered and type(reply) ~= 'table' then reply = { err = 'ERR ' .. tostring(reply) } end
    replies[#replies + 1] = reply
    key, arg = last_key + 1, last_arg + 1
  end
  return replies
end
