-- Returns the number of pending views and of unfinished batches.
settle()
local views = 0
for _, count in ipairs(redis.call('HVALS', pending)) do
  views = views + count
end
return { views, redis.call('ZCARD', batches) }
