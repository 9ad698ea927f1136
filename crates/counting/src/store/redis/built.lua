-- The hour that each ranking was built for, or nil; then whether cached counts may be stale after a
-- restart.
--
-- ARGV: the time.
local failure = notice_restart(current_time())
if failure then
  return failure
end
return redis.call('HMGET', state, 'rank:all', 'rank:24h', 'rank:7d', 'rank:30d', 'stale')
