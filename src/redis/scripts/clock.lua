--- include time.lua
-- KEYS: one that lies on the server whose clock is asked for
return now_ms()
