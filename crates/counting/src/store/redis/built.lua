-- The hour that each ranking was built for, or nil; then whether cached counts may be stale after a
-- restart.
--
-- ARGV: the time; then the rankings.
local failure = notice_restart(current_time())
if failure then
  return failure
end
local fields = {}
for index = 2, #ARGV do
  fields[#fields + 1] = 'rank:' .. ARGV[index]
end
fields[#fields + 1] = 'stale'
return redis.call('HMGET', state, unpack(fields))
