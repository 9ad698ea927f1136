-- The articles at the top of a ranking. ARGV: time; the ranking; how many. Answers article and views by turns, most first; nil if
-- the ranking has to be built.
settle()
if redis.call('HEXISTS', state, 'rank:' .. ARGV[2]) == 0 then
  return false
end
return redis.call('ZREVRANGE', shard .. ':rank:' .. ARGV[2], 0, ARGV[3] - 1, 'WITHSCORES')
