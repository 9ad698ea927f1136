-- Records a batch of views of one shard, in one atomic step, if what the process decided still
-- holds. The rules (C2 and C3) are in rules.rs; this script knows none of them.
--
-- The dedup log consists of 16-byte entries in the order the views were counted: a 12-byte id, and
-- the second at which the window ends in 4 bytes (seen.rs). It is divided into chunks, so that its
-- oldest part can be deleted. Each process keeps a copy of the log, decides by it, and says how far
-- it has read. Here only the entries that others have added since are examined, and there are none
-- unless several processes count at the same time.
--
-- ARGV:
-- - 1: the time.
-- - 2 to 4: the log that the process has read, and its position there: chunk and byte.
-- - 5: the second for which it decided.
-- - 6: the window in milliseconds.
-- - 7: the second at which the windows of the new entries end.
-- - 8: the halves that the decisions depend on, 6 bytes each. If no unread entry begins with one of
--   them, every decision holds for the whole second, as a test of rules.rs shows.
-- - 9: the new entries.
-- - 10: the counted views: for each article that has some, its id in 8 bytes, the hour in 4 and
--   their number in 4.
-- - 11: the name for a new batch.
-- - 12 and up: the articles, first those of argument 10 in the same order.
--
-- Returns, with the time in second place, one of:
-- - 'recorded': then the unread entries before the new ones; the chunk and byte at which the new
--   ones end; the total of each article, or nil.
-- - 'conflict': an unread entry begins with one of the halves. Then the unread entries, and the
--   chunk and byte at which they end.
-- - 'behind': the process has read another log, or has to read more of it than this script would
--   return. Then the log's name; its last chunk; the list of its chunks.
-- - 'other time': the process was wrong about the second, or the windows would be too short.
-- Nothing is recorded unless the answer is 'recorded'.
local now, window = current_time(), tonumber(ARGV[6])
local read_chunk, read_to = tonumber(ARGV[3]), tonumber(ARGV[4])
local watched, entries, counted = ARGV[8], ARGV[9], ARGV[10]
local first_article = 12

-- The size in bytes at which a new chunk is started.
local CHUNK = 32768

local failure = notice_restart(now)
if failure then
  return failure
end

if log ~= ARGV[2] or read_chunk < last_chunk - 1 then
  return { 'behind', now, log, last_chunk, redis.call('ZRANGE', seen, 0, -1) }
end
-- Windows end on a full second. So within the same second the process knows which windows have
-- expired.
if tonumber(ARGV[5]) ~= math.floor(now / 1000) or tonumber(ARGV[7]) * 1000 < now + window then
  return { 'other time', now }
end

local unread = redis.call('GETRANGE', seen_key(read_chunk), read_to, -1)
read_to = read_to + #unread
if read_chunk < last_chunk then
  local last = redis.call('GETRANGE', seen_key(last_chunk), 0, -1)
  unread = unread .. last
  read_chunk, read_to = last_chunk, #last
end
if #unread > 0 and #watched > 0 then
  local halves = {}
  for at = 1, #watched, HALF do
    halves[string.sub(watched, at, at + HALF - 1)] = true
  end
  for at = 1, #unread, ENTRY do
    if halves[string.sub(unread, at, at + HALF - 1)] then
      return { 'conflict', now, unread, read_chunk, read_to }
    end
  end
end

local totals = redis.call('HMGET', total, unpack(ARGV, first_article))

if #entries > 0 then
  local key = seen_key(last_chunk)
  read_to = redis.call('APPEND', key, entries)
  redis.call('ZADD', seen, 'GT', ARGV[7], last_chunk)
  if read_to >= CHUNK then
    -- Redis over-allocates a string that was appended to, by up to its size. This one will not grow
    -- any more, so write it again at its exact size.
    redis.call('SET', key, redis.call('GET', key))
    begin_chunk()
    -- Under load, far more entries arrive between two prunes than fit into a window.
    forget_chunks(now, 10)
  end

  redis.call('SET', generation, ARGV[11], 'NX')
  local new_totals = {}
  for index = 1, #counted / VIEWED do
    -- A missing total is filled from SQL later, including these views.
    if totals[index] then
      totals[index] = totals[index] + struct.unpack('>I4', counted, index * VIEWED - 3)
      new_totals[#new_totals + 1] = ARGV[first_article + index - 1]
      new_totals[#new_totals + 1] = string.format('%d', totals[index])
    end
  end
  if #new_totals > 0 then
    redis.call('HSET', total, unpack(new_totals))
  end
  if redis.call('APPEND', recent, counted) > RECENT then
    settle()
  end
end

local answer = { 'recorded', now, unread, read_chunk, read_to }
for index = 1, #ARGV - first_article + 1 do
  answer[#answer + 1] = totals[index] and tonumber(totals[index])
end
return answer
