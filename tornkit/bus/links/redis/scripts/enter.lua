-- ARGV: member, channel, id, what is told of them as a payload, milliseconds a member is believed.
local member, channel, id = ARGV[1], ARGV[2], ARGV[3]
local key = base .. 'p:' .. channel
local told = redis.call('HGET', key, 'm' .. id)
local speakers = told and cjson.decode(told) or {}
speakers[member] = (speakers[member] or 0) + 1
redis.call('HSET', key, 'm' .. id, cjson.encode(speakers))
redis.call('SADD', base .. 'of:' .. member, channel .. '\0' .. id)
redis.call('ZADD', base .. 'members', now() + ARGV[5] * 1000, member)
if not told then
  local offset, time = tell(channel, 'join', ARGV[4])
  redis.call('HSET', key, 'i' .. id, time .. ' ' .. whole(offset) .. ' ' .. ARGV[4])
end
return 1
