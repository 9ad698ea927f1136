-- The end of the dedup log. Writes nothing: the next view detects a restart of Redis.
--
-- Returns the time; the log's name, or nil before the first view; its last chunk; the list of its
-- chunks.
local known = redis.call('HMGET', state, 'log', 'chunk')
return { current_time(), known[1], tonumber(known[2] or 0), redis.call('ZRANGE', seen, 0, -1) }
