-- Which hour each ranking was built for, or nil; and, after a restart, that what is cached may be old. ARGV: time.
local failure = notice_restart(current_time())
if failure then
  return failure
end
return redis.call('HMGET', state, 'rank:all', 'rank:24h', 'rank:7d', 'rank:30d', 'stale')
