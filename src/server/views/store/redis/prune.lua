-- Forgets the chunks of the log whose windows are all over. Answers how many windows.
local now = current_time()
local failure = notice_restart(now)
if failure then
  return failure
end
local function begin_chunk()
  last_chunk = redis.call('HINCRBY', state, 'chunk', 1)
end
local forgotten = 0
for _, chunk in ipairs(redis.call('ZRANGEBYSCORE', seen, '-inf', math.floor(now / 1000))) do
  forgotten = forgotten + redis.call('STRLEN', seen_key(chunk)) / 16
  redis.call('DEL', seen_key(chunk))
  redis.call('ZREM', seen, chunk)
  -- A process knows how far it has read by the byte, so a chunk never begins anew.
  if tonumber(chunk) == last_chunk then
    begin_chunk()
  end
end
-- What comes now must not keep what is over.
local first_end = redis.call('GETRANGE', seen_key(last_chunk), 12, 15)
if #first_end == 4 and struct.unpack('>I4', first_end) * 1000 <= now then
  begin_chunk()
end
return forgotten
