-- Redis's clock in milliseconds. All times in the data come from it, since the clocks of instances differ.
local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
