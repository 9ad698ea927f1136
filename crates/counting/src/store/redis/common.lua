-- The common beginning of every script.
--
-- KEYS[1] is the shard, such as tm:{7}. All keys of the shard start with it, so that a Cluster
-- keeps them on one node. ARGV[1] is the time in milliseconds, or empty for this server's clock.
local shard = KEYS[1]
local pending = shard .. ':pending'
local generation = shard .. ':generation'
local batches = shard .. ':batches'
local total = shard .. ':total'
local recent = shard .. ':recent'
local state = shard .. ':state'
local seen = shard .. ':seen'

local function batch_key(id)
  return shard .. ':batch:' .. id
end

local function seen_key(chunk)
  return seen .. ':' .. chunk
end

local function current_time()
  if ARGV[1] ~= '' then
    return tonumber(ARGV[1])
  end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The 40 characters after a name in INFO's text. A plain search, because a pattern would be tried
-- at every position of a long text.
local function id_in(info, name)
  local _, before = string.find(info, name, 1, true)
  return before and string.sub(info, before + 1, before + 40) or ''
end

-- Changes whenever this server restarts or another one takes over, when the latest writes may be
-- lost.
local function run_id()
  local info = redis.call('INFO', 'server', 'replication')
  return id_in(info, 'run_id:') .. id_in(info, 'master_replid:')
end

-- A ranking's member. Padded, so that with equal scores the newer article sorts higher.
local function rank_member(article)
  return string.rep('0', 19 - #article) .. article
end

-- RECENT: the maximum size of the list of recent views, in bytes, while nobody reads what they
-- change. VIEWED: the size of its entries (article, hour, views), in bytes.
local RECENT, VIEWED = 65536, 16

-- Adds the recent views to the pending ones and to the rankings that are built. A ranking that is
-- built later takes them from the pending views. Every script that reads pending views or rankings
-- calls this first, so that recording a batch has to write neither.
local function settle()
  local list = redis.call('GET', recent)
  if not list then
    return
  end
  local by_hour, by_article = {}, {}
  for at = 1, #list, VIEWED do
    local article, hour, views = struct.unpack('>I8I4I4', list, at)
    local of_hour = by_hour[hour] or {}
    by_hour[hour] = of_hour
    of_hour[article] = (of_hour[article] or 0) + views
    by_article[article] = (by_article[article] or 0) + views
  end
  for hour, of_hour in pairs(by_hour) do
    for article, views in pairs(of_hour) do
      redis.call('HINCRBY', pending, string.format('%d:%d', article, hour), views)
    end
  end
  for _, field in ipairs(redis.call('HKEYS', state)) do
    local name = string.match(field, '^rank:(.+)$')
    if name then
      for article, views in pairs(by_article) do
        redis.call('ZINCRBY', shard .. ':rank:' .. name, views, rank_member(string.format('%d', article)))
      end
    end
  end
  redis.call('DEL', recent)
end

-- Seals the pending views: they become a batch, under the name chosen when its first view came.
local function seal(now)
  settle()
  if redis.call('EXISTS', pending) == 0 then
    return
  end
  local id = redis.call('GET', generation)
  if not id then
    return redis.error_reply('ERR ' .. generation .. ' is missing')
  end
  if redis.call('RENAMENX', pending, batch_key(id)) == 0 then
    return redis.error_reply('ERR ' .. batch_key(id) .. ' exists already')
  end
  redis.call('ZADD', batches, now, id)
  redis.call('DEL', generation)
  redis.call('HINCRBY', state, 'version', 1)
end

-- The dedup log's name and the number of its last chunk. Set by notice_restart.
local log, last_chunk

-- Sizes in bytes: of a log entry, of the id it begins with, and of each half of the id.
local ENTRY, ID, HALF = 16, 12, 6

-- Detects a restart. It seals the views pending from before it, so that new views go into a batch
-- of their own: a flush may have read a longer version of the old one, whose end the restart lost.
-- The log gets a new name, because processes may have read a longer version of it too. Cached
-- counts may be as old as the append-only file, so they are marked stale and corrected later.
local function notice_restart(now)
  local run = run_id()
  local known = redis.call('HMGET', state, 'run', 'log', 'chunk')
  log, last_chunk = known[2], tonumber(known[3] or 0)
  if known[1] == run then
    return
  end
  local failure = seal(now)
  if failure then
    return failure
  end
  -- Use the server's clock even if a test's clock stands still: an emptied Redis keeps its run id
  -- and must still get a new name.
  local time = redis.call('TIME')
  log = table.concat({ time[1], time[2], run }, '-')
  redis.call('HSET', state, 'run', run, 'log', log, 'stale', 1)
end

-- Starts a new chunk for the entries that follow. Chunk numbers are never reused, because processes
-- remember their position in the log as a chunk and a byte offset.
local function begin_chunk()
  last_chunk = redis.call('HINCRBY', state, 'chunk', 1)
end

-- Deletes up to `most` chunks of the log whose windows have all expired. Returns the number of
-- entries deleted.
local function forget_chunks(now, most)
  local forgotten = 0
  for _, chunk in ipairs(redis.call('ZRANGEBYSCORE', seen, '-inf', math.floor(now / 1000), 'LIMIT', 0, most)) do
    local key = seen_key(chunk)
    forgotten = forgotten + redis.call('STRLEN', key) / ENTRY
    redis.call('DEL', key)
    redis.call('ZREM', seen, chunk)
    if tonumber(chunk) == last_chunk then
      begin_chunk()
    end
  end
  return forgotten
end

-- Calls `callback` with article, hour and views for everything that SQL does not have. `applied` is
-- the set of batches that SQL has.
local function each_unapplied(applied, callback)
  settle()
  local keys = { pending }
  for _, id in ipairs(redis.call('ZRANGE', batches, 0, -1)) do
    if not applied[id] then
      keys[#keys + 1] = batch_key(id)
    end
  end
  for _, key in ipairs(keys) do
    local fields = redis.call('HGETALL', key)
    for index = 1, #fields, 2 do
      local article, hour = string.match(fields[index], '^(%d+):(%d+)$')
      callback(article, tonumber(hour), tonumber(fields[index + 1]))
    end
  end
end

-- The set of ARGV[first] to ARGV[last].
local function set_of_arguments(first, last)
  local set = {}
  for index = first, last do
    set[ARGV[index]] = true
  end
  return set
end
