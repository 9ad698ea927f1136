-- Ends a session, and takes it from the list of its user's. Answers how many ended.
--
-- KEYS[1]: the session. ARGV: what the names of all lists begin with, the session's name.
local data = redis.call('GET', KEYS[1])
if not data then
  return 0
end
redis.call('ZREM', ARGV[1] .. string.format('%d', cjson.decode(data).user), ARGV[2])
return redis.call('DEL', KEYS[1])
