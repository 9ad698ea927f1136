-- Writes a session and its place in the list of its user's in one step: one that is in no list could not be ended.
--
-- KEYS[1]: the list. ARGV: what the names of all keys begin with, the session's name, what it holds, now, when it ends (both in
-- milliseconds), how many a user may have, and "new" or "known". Answers 1, or 0 if there is one of that name already, or, for a known
-- one, none any more.
local list, prefix, name, data = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local now, ends_at, most, is_new = ARGV[4], ARGV[5], tonumber(ARGV[6]), ARGV[7] == 'new'
local session = prefix .. name

local function forget(names)
  for _, other in ipairs(names) do
    redis.call('DEL', prefix .. other)
    redis.call('ZREM', list, other)
  end
end

local there = redis.call('GET', session)
if is_new then
  -- The same again is a request whose answer was lost.
  if there then
    return there == data and 1 or 0
  end
  forget(redis.call('ZRANGEBYSCORE', list, '-inf', now))
  local count = redis.call('ZCARD', list)
  if count >= most then
    forget(redis.call('ZRANGE', list, 0, count - most))
  end
elseif not there then
  return 0
end
local lasts = math.max(tonumber(ends_at) - tonumber(now), 1)
redis.call('SET', session, data, 'PX', string.format('%d', lasts))
redis.call('ZADD', list, ends_at, name)
if redis.call('PTTL', list) < lasts then
  redis.call('PEXPIRE', list, string.format('%d', lasts))
end
return 1
