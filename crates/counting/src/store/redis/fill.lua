-- Sets totals to SQL's count plus the views that SQL does not have yet.
--
-- ARGV: the time; the version of this shard from before SQL was read; 'fill' to set missing totals
-- or 'correct' to correct existing ones; the number of batches that SQL has; these batches; then
-- each article and its views in SQL.
--
-- Returns nil if a batch was sealed or finished in the meantime. Otherwise returns, for each total
-- that changed, the article, its old total (-1 if missing) and its new total.
local failure = notice_restart(current_time())
if failure then
  return failure
end
if (redis.call('HGET', state, 'version') or '0') ~= ARGV[2] then
  return false
end
local first = 5 + tonumber(ARGV[4])
local unapplied = {}
each_unapplied(set_of_arguments(5, first - 1), function(article, _, views)
  unapplied[article] = (unapplied[article] or 0) + views
end)
local changes = {}
for index = first, #ARGV, 2 do
  local article = ARGV[index]
  local views = tonumber(ARGV[index + 1]) + (unapplied[article] or 0)
  local cached = redis.call('HGET', total, article)
  if (ARGV[3] == 'fill' and not cached) or (ARGV[3] == 'correct' and cached and tonumber(cached) ~= views) then
    redis.call('HSET', total, article, views)
    changes[#changes + 1] = { tonumber(article), cached and tonumber(cached) or -1, views }
  end
end
return changes
