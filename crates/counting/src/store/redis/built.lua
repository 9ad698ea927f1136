-- The hour that each ranking was built for, or nil; then whether cached counts may be stale after a
-- restart; then the time.
--
-- ARGV: the time; then the rankings.
local now = current_time()
local failure = notice_restart(now)
if failure then
  return failure
end
local fields = {}
for index = 2, #ARGV do
  fields[#fields + 1] = 'rank:' .. ARGV[index]
end
fields[#fields + 1] = 'stale'
local answer = redis.call('HMGET', state, unpack(fields))
answer[#fields + 1] = now
return answer
