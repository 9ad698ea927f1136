-- What every script begins with. KEYS[1] is the shard, such as tm:{7}; all its keys start with that, so that a Cluster keeps
-- them on one node. ARGV[1] is the time in milliseconds, or empty for this server's clock.
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

-- The 40 characters behind a name that INFO has. Without a pattern, which would be tried at each place of a long text.
local function id_in(info, name)
  local _, before = string.find(info, name, 1, true)
  return before and string.sub(info, before + 1, before + 40) or ''
end

-- Changes whenever this server starts or another takes over, so it tells whether the data may have lost the end of it.
local function run_id()
  local info = redis.call('INFO', 'server', 'replication')
  return id_in(info, 'run_id:') .. id_in(info, 'master_replid:')
end

-- A member of a ranking. Padded, so that of equal scores the newer article is the greater member.
local function rank_member(article)
  return string.rep('0', 19 - #article) .. article
end

-- How long the list of recent views may become, in bytes, if nobody reads what they change; and how long an entry of it is: article,
-- hour and views.
local RECENT, VIEWED = 65536, 16

-- Adds the recent views to what is pending and to the rankings that are built; one that is built later takes them from what is
-- pending. Whoever reads these calls it first, so that a batch of views has to write neither.
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
  local names = { 'all', '24h', '7d', '30d' }
  local built = redis.call('HMGET', state, 'rank:all', 'rank:24h', 'rank:7d', 'rank:30d')
  for window, name in ipairs(names) do
    if built[window] then
      for article, views in pairs(by_article) do
        redis.call('ZINCRBY', shard .. ':rank:' .. name, views, rank_member(string.format('%d', article)))
      end
    end
  end
  redis.call('DEL', recent)
end

-- Closes what is pending: from now on it is a batch, under the name that it was given when its first view came.
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

-- The log of who was counted: its name, and the number of its last chunk. Known once notice_restart has been called.
local log, last_chunk

-- Bytes of an entry of the log, of the id that it begins with, and of that one's first half.
local ENTRY, ID, ADDRESS = 16, 12, 6

-- Closes what is pending from before a restart, because a batch may have been taken from a longer version of it that the restart
-- lost: new views go into a generation of their own. The log gets another name, because processes may have read a longer version
-- of it too. What is cached may be as old as the file; that is looked into later.
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
  -- Of this very moment, even in a test whose clock stands still: an emptied Redis has the same run, and must get another name.
  local time = redis.call('TIME')
  log = table.concat({ time[1], time[2], run }, '-')
  redis.call('HSET', state, 'run', run, 'log', log, 'stale', 1)
end

-- What comes from now on is in a chunk of its own. A chunk never begins anew: a process knows how far it has read by the byte.
local function begin_chunk()
  last_chunk = redis.call('HINCRBY', state, 'chunk', 1)
end

-- Forgets the chunks of the log whose windows are all over, `most` at a time. Answers how many windows.
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

-- Calls back with article, hour and views for all that SQL does not have: `applied` is the set of batches that it has.
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

-- The set of the arguments from `first` to `last`.
local function set_of_arguments(first, last)
  local set = {}
  for index = first, last do
    set[ARGV[index]] = true
  end
  return set
end
