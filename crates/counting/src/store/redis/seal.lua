-- Seals the pending views, so that a flush can take them.
--
-- Returns INFO's sections about the server and its persistence, then the name of every batch that
-- SQL may not have yet.
local now = current_time()
local failure = notice_restart(now) or seal(now)
if failure then
  return failure
end
local answer = redis.call('ZRANGE', batches, 0, -1)
table.insert(answer, 1, redis.call('INFO', 'server') .. redis.call('INFO', 'persistence'))
return answer
