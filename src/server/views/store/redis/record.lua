-- Decides and records a batch of views of one shard: rules C2 and C3, in one atomic step.
--
-- ARGV: time; window in ms; most visitors per address; name for a new generation; the views; how many articles; these; then the
-- keys of the buckets. A view is its flags (1: under the cap, 2: has a yesterday) in 1 byte, which of the articles in 2, which
-- bucket in 2 and what id its visitor has in 8; then, if it has a yesterday, bucket and id under yesterday's salt. The first half
-- of an id is of article and address, the second of the visitor.
--
-- A bucket is a string of 12-byte entries: the id and the second at which its window ends. They are in the order in which
-- they came, so those that are over are in front.
--
-- Answers: one byte for each view (0 counted, 1 repeat, 2 too many of its address), then the total of each article, or nil.
--
-- Whatever there are many of is read by one command and written by one.
local now, window, cap = current_time(), tonumber(ARGV[2]), tonumber(ARGV[3])
local ends_at = struct.pack('>I4', math.ceil((now + window) / 1000))
local hour = string.format(':%d:', math.floor(now / 3600000))
local views, article_count = ARGV[5], tonumber(ARGV[6])
local first_article = 7
local last_article = first_article + article_count - 1
local before_buckets = last_article

local ENTRY = 12
local find, sub, unpack_struct = string.find, string.sub, struct.unpack

local failure = notice_restart(now)
if failure then
  return failure
end

local entries = redis.call('MGET', unpack(ARGV, before_buckets + 1))

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

-- Whether the visitor of that id was counted, and how many visitors of its address were.
local function seen(bucket, id)
  local visitors = live(bucket, sub(id, 1, 4))
  return visitors > 0 and live(bucket, id) > 0, visitors
end

local changed = {}
local outcomes, counts = {}, {}
local at = 1
while at <= #views do
  local flags, article, bucket, id
  flags, article, bucket, id, at = unpack_struct('>BHHc8', views, at)
  local is_repeat, visitors = seen(bucket, id)
  if flags >= 2 then
    local yesterday_bucket, yesterday_id
    yesterday_bucket, yesterday_id, at = unpack_struct('>Hc8', views, at)
    local was_seen, others = seen(yesterday_bucket, yesterday_id)
    is_repeat, visitors = is_repeat or was_seen, visitors + others
  end
  if is_repeat then
    outcomes[#outcomes + 1] = '1'
  elseif flags % 2 == 1 and visitors >= cap then
    outcomes[#outcomes + 1] = '2'
  else
    local text = entries[bucket]
    entries[bucket] = (text and without_expired(text, now) or '') .. id .. ends_at
    changed[bucket] = true
    counts[article] = (counts[article] or 0) + 1
    outcomes[#outcomes + 1] = '0'
  end
end

local totals = redis.call('HMGET', total, unpack(ARGV, first_article, last_article))

if next(counts) then
  local written = {}
  for bucket in pairs(changed) do
    written[#written + 1] = ARGV[before_buckets + bucket]
    written[#written + 1] = entries[bucket]
  end
  redis.call('MSET', unpack(written))

  redis.call('SET', generation, ARGV[4], 'NX')
  local new_totals, new_recent = {}, {}
  for index, count in pairs(counts) do
    local article = ARGV[first_article + index - 1]
    new_recent[#new_recent + 1] = article .. hour .. count
    -- A total that is not there is filled from SQL afterwards, these views included.
    if totals[index] then
      totals[index] = totals[index] + count
      new_totals[#new_totals + 1] = article
      new_totals[#new_totals + 1] = totals[index]
    end
  end
  if #new_totals > 0 then
    redis.call('HSET', total, unpack(new_totals))
  end
  if redis.call('APPEND', recent, table.concat(new_recent, ' ') .. ' ') > RECENT then
    settle()
  end
end

local answer = { table.concat(outcomes) }
for index = 1, article_count do
  answer[#answer + 1] = totals[index] and tonumber(totals[index])
end
return answer
