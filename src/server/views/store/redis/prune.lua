-- Forgets the windows that are over in some buckets. ARGV: time; then the buckets. Answers how many windows.
local now, keys = current_time(), {}
for index = 2, #ARGV do
  keys[#keys + 1] = bucket_key(ARGV[index])
end
local forgotten = 0
local buckets = redis.call('MGET', unpack(keys))
for index, key in ipairs(keys) do
  local text = buckets[index] or ''
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
