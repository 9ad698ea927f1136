-- Decides and records a batch of views of one shard: rules C2 and C3, in one atomic step.
--
-- Who was counted is a log of 16-byte entries, in the order in which they came: the id, and the second at which the window ends.
-- The first half of an id's 12 bytes is of article and address, the second of the visitor. Where a cap holds for a wider network too,
-- another entry follows whose first half is of article and network. An anonymous session is the same visitor at every address: the first
-- half of its id is of the visitor, and another entry's of article and address. The log is in chunks, so that it can be
-- forgotten from its front. A process remembers what it has read of the log, and says how far that is; what others have added
-- since is looked at here, and goes with the answer.
--
-- ARGV: time; window in ms; most visitors per address, most anonymous and most signed-in ones per network; name for a new generation; the
-- log that the process has read, up to which chunk and which byte of it; the second for which it looked up what it knows; the views; how
-- many articles; these. A view is its flags (1: anonymous, 2: has a yesterday, 4: the process knows it to be a repeat, 8: has a network,
-- 16: is a session, which has an address apart; and 32 times the day of its id, modulo 8) in 1 byte, which of the articles in 2, how many
-- visitors of its address the process knows in 2, and its id; then, if it has a yesterday, its id under yesterday's salt; then, if it has a
-- network, how many visitors of that the process knows in 2, the first half of the id under the network, and, if it has a yesterday, that
-- half under yesterday's salt; then, if it is a session, the same of its address.
--
-- Answers: one byte for each view (0 counted, 1 repeat, 2 too many of its address, 3 it is another day now); the time; the second at
-- which the windows of this batch end; what the process had not read; the chunk and the byte up to which it has now; then the total of
-- each article, or nil. If it is so far behind that it has to read first, nothing is recorded, and the answer is: 'behind'; the time;
-- the log; its last chunk; the list of its chunks. If it was wrong about the second: 'again'; the time.
local now, window, cap = current_time(), tonumber(ARGV[2]), tonumber(ARGV[3])
local anonymous_cap, signed_in_cap = tonumber(ARGV[4]), tonumber(ARGV[5])
local read_chunk, read_to, second = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local views, article_count = ARGV[11], tonumber(ARGV[12])
local first_article = 13
local last_article = first_article + article_count - 1

-- Bytes after which a chunk is followed by another.
local CHUNK = 32768
local sub, unpack_struct = string.sub, struct.unpack

local failure = notice_restart(now)
if failure then
  return failure
end

if log ~= ARGV[7] or read_chunk < last_chunk - 1 then
  return { 'behind', now, log, last_chunk, redis.call('ZRANGE', seen, 0, -1) }
end
-- Windows end with a second, so if it is the same one the process knows of each whether it is over.
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

-- The ids, and how many visitors the addresses have, that the process does not know.
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

-- Reads a network or an address of a view: the first half of the id under it, and how many visitors it has.
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
    -- Redis keeps room for more behind a text that grew, up to as much again. This one will not grow any more.
    redis.call('SET', key, redis.call('GET', key))
    begin_chunk()
    -- Under load far more comes between two prunes than is within its window.
    forget_chunks(now, 10)
  end

  redis.call('SET', generation, ARGV[6], 'NX')
  local hour = math.floor(now / 3600000)
  local new_totals, new_recent = {}, {}
  for index, count in pairs(counts) do
    local article = ARGV[first_article + index - 1]
    new_recent[#new_recent + 1] = struct.pack('>I8I4I4', article, hour, count)
    -- A total that is not there is filled from SQL afterwards, these views included.
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
