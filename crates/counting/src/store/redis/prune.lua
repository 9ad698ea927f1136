-- Deletes expired chunks of the log, but only as many as a short script can. Returns the number of
-- entries deleted.
local now = current_time()
local failure = notice_restart(now)
if failure then
  return failure
end
local forgotten = forget_chunks(now, 1000)
-- If the last chunk has begun to expire, start a new one. Otherwise new entries would keep the
-- expired ones alive.
local first_end = redis.call('GETRANGE', seen_key(last_chunk), ID, ENTRY - 1)
if #first_end == ENTRY - ID and struct.unpack('>I4', first_end) * 1000 <= now then
  begin_chunk()
end
return forgotten
