-- Runs without common.lua, when a link has connected: begins an epoch where the server process is
-- another one, for it may have lost the newest messages, or where anything is missing.
-- ARGV: the server process, a new epoch's name, messages to keep and milliseconds to keep them, 1
-- for a guest, who keeps them as others do. Returns the epoch.
local base = string.sub(KEYS[1], 1, -6)
local last = base .. 'last'
local state = redis.call('HMGET', KEYS[1], 'epoch', 'run', 'history', 'age')
local is_whole = redis.call('ZSCORE', last, '')
local is_other = state[3] ~= ARGV[3] or state[4] ~= ARGV[4]
if not state[3] or not state[4] or (is_other and ARGV[5] ~= '1') then
  redis.call('HSET', KEYS[1], 'history', ARGV[3], 'age', ARGV[4])
end
if state[1] and state[2] == ARGV[1] and is_whole then
  return state[1]
end
redis.call('HSET', KEYS[1], 'epoch', ARGV[2], 'run', ARGV[1])
-- Not below any that was: streams take no entry in front of those that they have.
local newest = redis.call('ZREVRANGE', last, 0, 0, 'WITHSCORES')[2] or 0
redis.call('HSETNX', KEYS[1], 'offset', newest)
redis.call('HSETNX', KEYS[1], 'floor', 0)
if not is_whole then
  redis.call('HSET', KEYS[1], 'floor', redis.call('HGET', KEYS[1], 'offset'))
  redis.call('ZADD', last, 0, '')
end
return ARGV[2]
