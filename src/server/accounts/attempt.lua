-- Counts an attempt and returns 0, or returns how many milliseconds it has to wait.
-- KEYS[1]: the origin. ARGV: now, the number of free attempts, the longest wait, the TTL of the
-- counter.
local now, free, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local attempts = redis.call('HMGET', KEYS[1], 'count', 'allowed_at')
local allowed_at = tonumber(attempts[2] or 0)
if now < allowed_at then
  return allowed_at - now
end
local count = tonumber(attempts[1] or 0) + 1
local wait = 0
if count >= free then
  wait = math.min(1000 * 2 ^ math.min(count - free, 20), longest)
end
redis.call('HSET', KEYS[1], 'count', count, 'allowed_at', string.format('%d', now + wait))
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 0
