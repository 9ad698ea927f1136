-- Decides and records a batch of views of one shard: rules C2 and C3, in one atomic step.
--
-- ARGV: time; window in ms; most visitors per address; name for a new generation; the views; how many articles; these; then the
-- buckets. A view is 23 bytes: flags (1: under the cap, 2: has a yesterday), which of the articles, and which bucket and what id
-- its visitor has under today's salt and under yesterday's. An id is 4 bytes of article and address and 4 of the visitor.
--
-- A bucket is a string of 12-byte entries: the id and the second at which its window ends. They are in the order in which
-- they came, so those that are over are in front.
--
-- Answers: one byte for each view (0 counted, 1 repeat, 2 too many of its address), then the total of each article, or nil.
--
-- Whatever there are many of is read by one command and written by one.
local now, window, cap = current_time(), tonumber(ARGV[2]), tonumber(ARGV[3])
local ends_at = struct.pack('>I4', math.ceil((now + window) / 1000))
local hour = string.format('%d', math.floor(now / 3600000))
local views, article_count = ARGV[5], tonumber(ARGV[6])
local first_article, first_bucket = 7, 7 + article_count

local ENTRY = 12
local find, sub, unpack_struct = string.find, string.sub, struct.unpack

local failure = notice_restart(now)
if failure then
  return failure
end

local bucket_keys = {}
for index = first_bucket, #ARGV do
  bucket_keys[#bucket_keys + 1] = bucket_key(ARGV[index])
end
local entries = redis.call('MGET', unpack(bucket_keys))

-- How many entries of a bucket begin with `prefix` and are within their window.
local function live(bucket, prefix)
  local text = entries[bucket]
  if not text then
    return 0
  end
  local count, from = 0, 1
  while true do
    local at = find(text, prefix, from, true)
    if not at then
      return count
    end
    if at % ENTRY == 1 and unpack_struct('>I4', text, at + 8) * 1000 > now then
      count = count + 1
    end
    from = at + 1
  end
end

local changed = {}
local outcomes, counts = {}, {}
for view = 1, #views, 23 do
  local flags, article, bucket, id, yesterday_bucket, yesterday_id = unpack_struct('>BHHc8Hc8', views, view)
  local is_capped, has_yesterday = flags % 2 == 1, flags >= 2
  local outcome = '0'
  if live(bucket, id) > 0 or (has_yesterday and live(yesterday_bucket, yesterday_id) > 0) then
    outcome = '1'
  elseif is_capped then
    local visitors = live(bucket, sub(id, 1, 4))
    if has_yesterday then
      visitors = visitors + live(yesterday_bucket, sub(yesterday_id, 1, 4))
    end
    if visitors >= cap then
      outcome = '2'
    end
  end
  if outcome == '0' then
    entries[bucket] = without_expired(entries[bucket] or '', now) .. id .. ends_at
    changed[bucket] = true
    counts[article] = (counts[article] or 0) + 1
  end
  outcomes[#outcomes + 1] = outcome
end

local articles, hours = {}, {}
for index = 1, article_count do
  articles[index] = ARGV[first_article + index - 1]
  hours[index] = articles[index] .. ':' .. hour
end
local totals = redis.call('HMGET', total, unpack(articles))
local answer = { table.concat(outcomes) }

if next(counts) then
  local written = {}
  for bucket in pairs(changed) do
    written[#written + 1] = bucket_keys[bucket]
    written[#written + 1] = entries[bucket]
  end
  redis.call('MSET', unpack(written))

  redis.call('SET', generation, ARGV[4], 'NX')
  local pending_views = redis.call('HMGET', pending, unpack(hours))
  local unranked_views = redis.call('HMGET', unranked, unpack(articles))
  local new_pending, new_unranked, new_totals = {}, {}, {}
  local function add(list, field, before, count)
    list[#list + 1] = field
    list[#list + 1] = string.format('%d', (before or 0) + count)
  end
  for index, count in pairs(counts) do
    add(new_pending, hours[index], pending_views[index], count)
    add(new_unranked, articles[index], unranked_views[index], count)
    -- A total that is not there is filled from SQL afterwards, these views included.
    if totals[index] then
      totals[index] = totals[index] + count
      add(new_totals, articles[index], totals[index], 0)
    end
  end
  redis.call('HSET', pending, unpack(new_pending))
  redis.call('HSET', unranked, unpack(new_unranked))
  if #new_totals > 0 then
    redis.call('HSET', total, unpack(new_totals))
  end
end

for index = 1, article_count do
  answer[#answer + 1] = totals[index] and tonumber(totals[index])
end
return answer
