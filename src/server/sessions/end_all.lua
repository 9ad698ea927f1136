-- Ends all sessions of a user. Answers how many were in the list.
--
-- KEYS[1]: the list. ARGV: what the names of all keys begin with.
local names = redis.call('ZRANGE', KEYS[1], 0, -1)
for _, name in ipairs(names) do
  redis.call('DEL', ARGV[1] .. name)
end
redis.call('DEL', KEYS[1])
return #names
