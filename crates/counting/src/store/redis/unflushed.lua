-- How many views are pending, and how many batches are not finished.
settle()
local views = 0
for _, count in ipairs(redis.call('HVALS', pending)) do
  views = views + count
end
return { views, redis.call('ZCARD', batches) }
