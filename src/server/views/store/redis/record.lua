-- Decides and records a batch of views of one shard: rules C2 and C3, in one atomic step.
--
-- ARGV: time; window in ms; most visitors per address; name for a new generation; the views; then the articles.
-- A view is 23 bytes: flags (1: under the cap, 2: has a yesterday), index of its article, and bucket and id of its visitor
-- under today's salt and under yesterday's. An id is 4 bytes of article and address and 4 of the visitor.
--
-- A bucket is a string of 12-byte entries: the id and the second at which its window ends. They are in the order in which
-- they came, so those that are over are in front.
--
-- Answers: one byte for each view (0 counted, 1 repeat, 2 too many of its address), then the total of each article, or nil.
local now, window, cap = current_time(), tonumber(ARGV[2]), tonumber(ARGV[3])
local ends_at = math.ceil((now + window) / 1000)
local hour = math.floor(now / 3600000)
local views, first_article = ARGV[5], 6

local ENTRY = 12
local find, unpack = string.find, struct.unpack
local seen, changed = {}, {}

local function bucket_key(bucket)
  return shard .. ':seen:' .. bucket
end

local function read(bucket)
  local entries = seen[bucket]
  if not entries then
    entries = redis.call('GET', bucket_key(bucket)) or ''
    seen[bucket] = entries
  end
  return entries
end

-- How many entries begin with `prefix` and are within their window.
local function live(bucket, prefix)
  local entries, count, from = read(bucket), 0, 1
  while true do
    local at = find(entries, prefix, from, true)
    if not at then
      return count
    end
    local offset = (at - 1) % ENTRY
    if offset == 0 and unpack('>I4', entries, at + 8) * 1000 > now then
      count = count + 1
    end
    from = at + 1
  end
end

local function remember(bucket, id)
  local entries, first = read(bucket), 1
  while first <= #entries and unpack('>I4', entries, first + 8) * 1000 <= now do
    first = first + ENTRY
  end
  seen[bucket] = string.sub(entries, first) .. id .. struct.pack('>I4', ends_at)
  changed[bucket] = true
end

-- What is pending from before a restart is closed, because a batch may have been taken from a longer version of it that the
-- restart lost. New views go into a generation of their own.
local run = run_id()
if redis.call('HGET', generation, 'run') ~= run then
  local failure = seal(now)
  if failure then
    return failure
  end
end

local outcomes, counts = {}, {}
for view = 1, #views, 23 do
  local flags, article, bucket, id, yesterday_bucket, yesterday_id = unpack('>BHHc8Hc8', views, view)
  local is_capped, has_yesterday = flags % 2 == 1, flags >= 2
  local outcome = '0'
  if live(bucket, id) > 0 or (has_yesterday and live(yesterday_bucket, yesterday_id) > 0) then
    outcome = '1'
  elseif is_capped then
    local visitors = live(bucket, string.sub(id, 1, 4))
    if has_yesterday then
      visitors = visitors + live(yesterday_bucket, string.sub(yesterday_id, 1, 4))
    end
    if visitors >= cap then
      outcome = '2'
    end
  end
  if outcome == '0' then
    remember(bucket, id)
    counts[article] = (counts[article] or 0) + 1
  end
  outcomes[#outcomes + 1] = outcome
end

for bucket in pairs(changed) do
  if ARGV[1] == '' then
    redis.call('SET', bucket_key(bucket), seen[bucket], 'PX', ends_at * 1000 - now)
  else
    redis.call('SET', bucket_key(bucket), seen[bucket])
  end
end

local rankings = redis.call('HMGET', state, 'rank:all', 'rank:24h', 'rank:7d', 'rank:30d')
local names = { 'all', '24h', '7d', '30d' }
local answer = { table.concat(outcomes) }
for index = 1, #ARGV - first_article + 1 do
  local article, count = ARGV[first_article + index - 1], counts[index]
  local views_now = redis.call('HGET', total, article)
  if count then
    if redis.call('HSETNX', generation, 'id', ARGV[4]) == 1 then
      redis.call('HSET', generation, 'run', run)
    end
    redis.call('HINCRBY', pending, article .. ':' .. hour, count)
    if views_now then
      views_now = redis.call('HINCRBY', total, article, count)
    end
    for window_index, name in ipairs(names) do
      -- One that is not built yet gets these views when it is.
      if rankings[window_index] then
        redis.call('ZINCRBY', shard .. ':rank:' .. name, count, rank_member(article))
      end
    end
  end
  answer[#answer + 1] = views_now and tonumber(views_now) or false
end
return answer
