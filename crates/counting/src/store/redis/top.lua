-- The top articles of a ranking.
--
-- ARGV: the time; the ranking; how many articles. Returns articles and views alternating, most
-- viewed first; nil if the ranking has to be built.
settle()
if redis.call('HEXISTS', state, 'rank:' .. ARGV[2]) == 0 then
  return false
end
return redis.call('ZREVRANGE', shard .. ':rank:' .. ARGV[2], 0, ARGV[3] - 1, 'WITHSCORES')
