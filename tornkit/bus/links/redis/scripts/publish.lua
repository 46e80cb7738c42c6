-- ARGV: channel, payload, messages to keep, milliseconds to keep them, both "" for a guest.
-- Returns epoch and offset.
local channel, payload, history, age = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
if not history then
  history, age = unpack(redis.call('HMGET', KEYS[1], 'history', 'age'))
  history = tonumber(history)
end
local last = base .. 'last'
local before = redis.call('ZSCORE', last, channel) or state[3]
local offset, time = tell(channel, 'message', payload)
local key = base .. 'h:' .. channel
if history > 0 and age ~= '0' then
  local entry = {key, 'MAXLEN', history, whole(offset) .. '-0', 't', time, 'b', before, 'p', payload}
  if redis.pcall('XADD', unpack(entry)).err then
    -- What is there is of another epoch, or of somebody else: the keys were deleted in part.
    redis.call('DEL', key)
    redis.call('XADD', unpack(entry))
  end
  redis.call('PEXPIRE', key, age)
end
redis.call('ZADD', last, offset, channel)
if offset % 256 == 0 and redis.call('ZCARD', last) > 10000 then
  -- Forgets channels of which nothing is left: those that have been quiet for longest come first.
  local quiet = redis.call('ZRANGE', last, 0, 600, 'WITHSCORES')
  for i = 1, #quiet, 2 do
    if quiet[i] ~= '' then
      if redis.call('EXISTS', base .. 'h:' .. quiet[i]) == 1 then
        break
      end
      redis.call('ZREM', last, quiet[i])
      redis.call('HSET', KEYS[1], 'floor', quiet[i + 1])
    end
  end
end
return {epoch, offset}
