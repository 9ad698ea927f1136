-- Takes back an attempt that was counted.
-- KEYS[1]: the origin. ARGV: when it was counted, the number of free attempts, the longest wait,
-- 1 to cancel the wait it caused too.
local at, free, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local attempts = redis.call('HMGET', KEYS[1], 'count', 'allowed_at')
local count = tonumber(attempts[1] or 0)
-- Don't recreate a counter that has expired: it would have no TTL.
if count < 1 then
  return 0
end
local wait = 0
if count >= free then
  wait = math.min(1000 * 2 ^ math.min(count - free, 20), longest)
end
if ARGV[4] == '1' and tonumber(attempts[2]) == at + wait then
  redis.call('HSET', KEYS[1], 'allowed_at', string.format('%d', at))
end
redis.call('HINCRBY', KEYS[1], 'count', -1)
return 1
