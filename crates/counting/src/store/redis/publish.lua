-- Publishes rankings that were built from SQL under a temporary name: adds the views that SQL does
-- not have yet, then renames them.
--
-- ARGV: the time; the version of this shard from before SQL was read; the hour the rankings are
-- for; the temporary name; the number of batches that SQL has; these batches; then for each ranking
-- its name, how many hours it covers (0: all time) and how many members were built.
--
-- Returns nil if a batch was sealed or finished in the meantime, or if a built ranking is missing.
-- Otherwise returns ranking, article, old views and new views for each difference from a previous
-- ranking of the same hour.
local failure = notice_restart(current_time())
if failure then
  return failure
end
if (redis.call('HGET', state, 'version') or '0') ~= ARGV[2] then
  return false
end
local first = 6 + tonumber(ARGV[5])
-- A built ranking may be gone: published by a call whose answer was lost, or lost in a restart.
for index = first, #ARGV, 3 do
  local aside = shard .. ':rank:' .. ARGV[index] .. ':' .. ARGV[4]
  if redis.call('ZCARD', aside) ~= tonumber(ARGV[index + 2]) then
    return false
  end
end
local hour, built = tonumber(ARGV[3]), ARGV[4]
local applied = set_of_arguments(6, first - 1)
local changes = {}

local function scores(key)
  local members, result = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES'), {}
  for index = 1, #members, 2 do
    result[members[index]] = tonumber(members[index + 1])
  end
  return result
end

local function compare(name, former, new)
  for member, views in pairs(former) do
    if new[member] ~= views then
      changes[#changes + 1] = { name, tonumber(member), views, new[member] or 0 }
    end
  end
  for member, views in pairs(new) do
    if not former[member] then
      changes[#changes + 1] = { name, tonumber(member), 0, views }
    end
  end
end

for index = first, #ARGV, 3 do
  local name, hours = ARGV[index], tonumber(ARGV[index + 1])
  local ranking = shard .. ':rank:' .. name
  local aside = ranking .. ':' .. built
  each_unapplied(applied, function(article, viewed_in, views)
    if hours == 0 or (viewed_in > hour - hours and viewed_in <= hour + 1) then
      redis.call('ZINCRBY', aside, views, rank_member(article))
    end
  end)
  local built_for = tonumber(redis.call('HGET', state, 'rank:' .. name) or -1)
  if built_for == hour or (hours == 0 and built_for >= 0) then
    compare(name, scores(ranking), scores(aside))
  end
  if redis.call('EXISTS', aside) == 1 then
    redis.call('RENAME', aside, ranking)
    redis.call('PERSIST', ranking)
  else
    redis.call('DEL', ranking)
  end
  redis.call('HSET', state, 'rank:' .. name, hour)
end
-- Prevents publishing the same rankings twice.
redis.call('HINCRBY', state, 'version', 1)
return changes
