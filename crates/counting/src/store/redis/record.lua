-- Decides and records a batch of views of one shard by rules C2 and C3, in one atomic step.
--
-- The dedup log consists of 16-byte entries in the order the views were counted: a 12-byte id, and
-- the second at which the window ends in 4 bytes. An id's first half is a hash of article and
-- address, its second half is of the visitor. For visitors that are not bound to an address, which
-- are signed-in users and anonymous sessions, the first half is of article and visitor. If a cap
-- applies to a network too, a second entry follows whose first half is of article and network. For
-- an anonymous session, another entry follows whose first half is of article and address.
--
-- The log is divided into chunks, so that its oldest part can be deleted. Each process keeps a copy
-- of the log and says how far it has read. This script examines the entries that others have added
-- since, and returns them with the answer.
--
-- ARGV:
-- - 1: the time.
-- - 2: the window in milliseconds.
-- - 3 to 5: the caps: visitors per address, anonymous visitors per network, signed-in visitors per
--   network.
-- - 6: the name for a new batch.
-- - 7 to 9: the log that the process has read, and its position there: chunk and byte.
-- - 10: the second for which the process looked up what it knows.
-- - 11: the views.
-- - 12: the number of articles.
-- - 13 and up: the articles.
--
-- A view consists of:
-- - 1 byte: flags. 1: anonymous; 2: has ids under yesterday's salt; 4: the process knows it to be a
--   repeat; 8: has a network; 16: is a session, which has a separate id for its address; plus 32
--   times the day of its id modulo 8.
-- - 2 bytes: the index of its article, from 1.
-- - 2 bytes: how many visitors of its address the process knows.
-- - 12 bytes: its id.
-- - If it has a yesterday, 12 bytes: its id under yesterday's salt.
-- - If it has a network, 2 bytes: how many visitors of the network the process knows; 6 bytes: the
--   first half of the id under the network; and if it has a yesterday, 6 bytes: that half under
--   yesterday's salt.
-- - If it is a session, the same for its address.
--
-- Returns one byte for each view (0: counted; 1: repeat; 2: over a cap; 3: the day has changed);
-- the time; the second at which this batch's windows end; the log entries that the process had not
-- read; the chunk and byte it has read up to now; then the total of each article, or nil.
--
-- Two other answers mean that nothing was recorded. If the process has read another log, or is so
-- far behind that it has to read the log first: 'behind'; the time; the log's name; its last chunk;
-- the list of its chunks. If it was wrong about the second: 'again'; the time.
local now, window, cap = current_time(), tonumber(ARGV[2]), tonumber(ARGV[3])
local anonymous_cap, signed_in_cap = tonumber(ARGV[4]), tonumber(ARGV[5])
local read_chunk, read_to, second = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local views, article_count = ARGV[11], tonumber(ARGV[12])
local first_article = 13
local last_article = first_article + article_count - 1

-- The size in bytes at which a new chunk is started.
local CHUNK = 32768
local sub, unpack_struct = string.sub, struct.unpack

local failure = notice_restart(now)
if failure then
  return failure
end

if log ~= ARGV[7] or read_chunk < last_chunk - 1 then
  return { 'behind', now, log, last_chunk, redis.call('ZRANGE', seen, 0, -1) }
end
-- Windows end on a full second. So within the same second the process knows which windows have
-- expired.
if second ~= math.floor(now / 1000) then
  return { 'again', now }
end
local unread = redis.call('GETRANGE', seen_key(read_chunk), read_to, -1)
read_to = read_to + #unread
if read_chunk < last_chunk then
  local last = redis.call('GETRANGE', seen_key(last_chunk), 0, -1)
  unread = unread .. last
  read_chunk, read_to = last_chunk, #last
end

-- The ids that the process does not know, and how many of them each first half has.
local ids, visitors = {}, {}
local function add(id)
  local address = sub(id, 1, ADDRESS)
  ids[id] = true
  visitors[address] = (visitors[address] or 0) + 1
end
for at = 1, #unread, ENTRY do
  if unpack_struct('>I4', unread, at + ID) * 1000 > now then
    add(sub(unread, at, at + ID - 1))
  end
end

local ends_at = math.ceil((now + window) / 1000)
local packed_end = struct.pack('>I4', ends_at)
local outcomes, entries, counts = {}, {}, {}
local today = math.floor(now / 86400000) % 8
local at, number = 1, 0

local function append(id)
  add(id)
  entries[#entries + 1] = id
end

-- Reads a view's network or address. Returns the first half of its id and how many visitors it has.
local function origin(has_yesterday)
  local of_origin, half
  of_origin, half, at = unpack_struct('>Hc6', views, at)
  of_origin = of_origin + (visitors[half] or 0)
  if has_yesterday then
    local before
    before, at = unpack_struct('>c6', views, at)
    of_origin = of_origin + (visitors[before] or 0)
  end
  return half, of_origin
end

while at <= #views do
  local flags, article, live, id
  flags, article, live, id, at = unpack_struct('>BHHc12', views, at)
  local is_repeat = flags % 8 >= 4 or ids[id]
  live = live + (visitors[sub(id, 1, ADDRESS)] or 0)
  local is_anonymous, has_yesterday = flags % 2 == 1, flags % 4 >= 2
  if has_yesterday then
    local yesterday
    yesterday, at = unpack_struct('>c12', views, at)
    is_repeat = is_repeat or ids[yesterday]
    live = live + (visitors[sub(yesterday, 1, ADDRESS)] or 0)
  end
  local is_capped = is_anonymous and live >= cap
  local network, address
  if flags % 16 >= 8 then
    local of_network
    network, of_network = origin(has_yesterday)
    is_capped = is_capped or of_network >= (is_anonymous and anonymous_cap or signed_in_cap)
  end
  if flags % 32 >= 16 then
    local of_address
    address, of_address = origin(has_yesterday)
    is_capped = is_capped or of_address >= cap
  end
  number = number + 1
  if math.floor(flags / 32) ~= today then
    outcomes[number] = '3'
  elseif is_repeat then
    outcomes[number] = '1'
  elseif is_capped then
    outcomes[number] = '2'
  else
    outcomes[number] = '0'
    append(id)
    if network then
      append(network .. sub(id, ADDRESS + 1))
    end
    if address then
      append(address .. sub(id, ADDRESS + 1))
    end
    counts[article] = (counts[article] or 0) + 1
  end
end

local totals = redis.call('HMGET', total, unpack(ARGV, first_article, last_article))

if #entries > 0 then
  local key = seen_key(last_chunk)
  read_to = redis.call('APPEND', key, table.concat(entries, packed_end) .. packed_end)
  redis.call('ZADD', seen, 'GT', ends_at, last_chunk)
  if read_to >= CHUNK then
    -- Redis over-allocates a string that was appended to, by up to its size. This one will not grow
    -- any more, so write it again at its exact size.
    redis.call('SET', key, redis.call('GET', key))
    begin_chunk()
    -- Under load, far more entries arrive between two prunes than fit into a window.
    forget_chunks(now, 10)
  end

  redis.call('SET', generation, ARGV[6], 'NX')
  local hour = math.floor(now / 3600000)
  local new_totals, new_recent = {}, {}
  for index, count in pairs(counts) do
    local article = ARGV[first_article + index - 1]
    new_recent[#new_recent + 1] = struct.pack('>I8I4I4', article, hour, count)
    -- A missing total is filled from SQL later, including these views.
    if totals[index] then
      totals[index] = totals[index] + count
      new_totals[#new_totals + 1] = article
      new_totals[#new_totals + 1] = string.format('%d', totals[index])
    end
  end
  if #new_totals > 0 then
    redis.call('HSET', total, unpack(new_totals))
  end
  if redis.call('APPEND', recent, table.concat(new_recent)) > RECENT then
    settle()
  end
end

local answer = { table.concat(outcomes), now, ends_at, unread, read_chunk, read_to }
for index = 1, article_count do
  answer[#answer + 1] = totals[index] and tonumber(totals[index])
end
return answer
