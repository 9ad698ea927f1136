-- Deletes batches that SQL has. ARGV: the time; then the batches.
for index = 2, #ARGV do
  redis.call('DEL', batch_key(ARGV[index]))
  redis.call('ZREM', batches, ARGV[index])
end
return redis.call('HINCRBY', state, 'version', 1)
