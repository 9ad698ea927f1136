-- Forgets the windows that are over in some buckets. ARGV: time; then their keys. Answers how many windows.
local now = current_time()
local forgotten = 0
local buckets = redis.call('MGET', unpack(ARGV, 2))
for index = 2, #ARGV do
  local key = ARGV[index]
  local text = buckets[index - 1] or ''
  local left = without_expired(text, now)
  if left ~= text then
    forgotten = forgotten + (#text - #left) / 12
    if left == '' then
      redis.call('DEL', key)
    else
      redis.call('SET', key, left)
    end
  end
end
return forgotten
