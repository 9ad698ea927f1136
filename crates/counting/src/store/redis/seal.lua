-- Closes what is pending, so that a flush can take it.
--
-- Answers: what INFO says of the server and of its append-only file, then the name of every batch that SQL may not have yet.
local now = current_time()
local failure = notice_restart(now) or seal(now)
if failure then
  return failure
end
local answer = redis.call('ZRANGE', batches, 0, -1)
table.insert(answer, 1, redis.call('INFO', 'server') .. redis.call('INFO', 'persistence'))
return answer
