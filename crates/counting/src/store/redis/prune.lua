-- Forgets what of the log is over, as much as is done in a moment. Answers how many windows.
local now = current_time()
local failure = notice_restart(now)
if failure then
  return failure
end
local forgotten = forget_chunks(now, 1000)
-- What comes now must not keep what is over.
local first_end = redis.call('GETRANGE', seen_key(last_chunk), ID, ENTRY - 1)
if #first_end == ENTRY - ID and struct.unpack('>I4', first_end) * 1000 <= now then
  begin_chunk()
end
return forgotten
