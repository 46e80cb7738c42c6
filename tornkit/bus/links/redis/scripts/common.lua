-- Stands in front of every script. KEYS[1] is "{PREFIX}:DB:state", and all other keys begin as it
-- does; the braces put them on one node of a cluster.
--
--   state      hash: epoch; run, the server process that it is of; offset, of the newest message;
--              floor, below which channels may be forgotten; history and age, for guests
--   last       sorted set: channels by the offset of their newest message; "" says it is whole
--   h:CHANNEL  stream: what is kept, by offset: t its time in microseconds since 1970, b the offset
--              of the one before it in this channel, p its payload
--   p:CHANNEL  hash: who is there. "i" and an id: when they came, and what is told of them; "m" and
--              an id: who speaks for them, how often, as JSON
--   members    sorted set: links by the time up to which they are believed to be there
--   of:MEMBER  set: channel, a zero byte and an id, of all for whom it speaks
--   k:KEY      value of the store
--   m:CHANNEL  where messages are published, for those who hear now
local base = string.sub(KEYS[1], 1, -6)
local state = redis.call('HMGET', KEYS[1], 'epoch', 'offset', 'floor')
if not state[1] then
  return redis.error_reply('NOSTATE the bus is not known here')
end
local epoch = state[1]

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

local function whole(number)
  return string.format('%.0f', number)
end

-- Publishes, and returns the offset and the time.
local function tell(channel, event, payload)
  local offset = redis.call('HINCRBY', KEYS[1], 'offset', 1)
  local time = whole(now())
  local head = epoch .. ' ' .. whole(offset) .. ' ' .. time .. ' ' .. event .. '\n'
  redis.call('PUBLISH', base .. 'm:' .. channel, head .. payload)
  return offset, time
end

-- Takes it that one is not there any more as far as a member says so.
local function withdraw(member, channel, id, all)
  local key = base .. 'p:' .. channel
  local told = redis.call('HGET', key, 'm' .. id)
  if not told then
    return
  end
  local speakers = cjson.decode(told)
  if not speakers[member] then
    return
  end
  speakers[member] = speakers[member] - 1
  if all or speakers[member] == 0 then
    speakers[member] = nil
    redis.call('SREM', base .. 'of:' .. member, channel .. '\0' .. id)
  end
  if next(speakers) then
    redis.call('HSET', key, 'm' .. id, cjson.encode(speakers))
  else
    local told = redis.call('HGET', key, 'i' .. id)
    redis.call('HDEL', key, 'm' .. id, 'i' .. id)
    tell(channel, 'leave', string.match(told, '^%d+ %d+ (.*)$'))
  end
end

-- Takes it that a member is gone, with up to 500 of those for whom it spoke; whether with all.
local function part(member)
  local key = base .. 'of:' .. member
  for _, each in ipairs(redis.call('SRANDMEMBER', key, 500)) do
    local channel, id = string.match(each, '^(%Z*)%z(.*)$')
    withdraw(member, channel, id, true)
    redis.call('SREM', key, each)
  end
  local done = redis.call('EXISTS', key) == 0
  if done then
    redis.call('ZREM', base .. 'members', member)
  end
  return done
end
