-- ARGV: member, milliseconds it is believed from now on, a member that is gone or "".
-- Returns 1, or 0 where the member is not known: it was silent for too long.
local members = base .. 'members'
local known = redis.call('ZSCORE', members, ARGV[1])
if known then
  redis.call('ZADD', members, now() + ARGV[2] * 1000, ARGV[1])
end
if ARGV[3] ~= '' then
  -- Now or later: from here on it is one that has been silent.
  if redis.call('EXISTS', base .. 'of:' .. ARGV[3]) == 1 then
    redis.call('ZADD', members, 0, ARGV[3])
  end
end
local gone = redis.call('ZRANGEBYSCORE', members, '-inf', now(), 'LIMIT', 0, 1)[1]
if gone then
  part(gone)
end
return known and 1 or 0
