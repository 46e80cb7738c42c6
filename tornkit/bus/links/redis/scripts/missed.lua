-- ARGV: epoch and offset up to which all is known, milliseconds for which messages are kept, most
-- messages of a channel, 1 for the newest of them, then channels.
-- Returns epoch, offset, 1 where messages are gone that came behind that, and then channel, offset,
-- time and payload of each message, channel after channel.
local since, age, most, newest = tonumber(ARGV[2]), tonumber(ARGV[3]) * 1000, ARGV[4], ARGV[5]
local offset = tonumber(state[2])
local gap = 0
if not redis.call('ZSCORE', base .. 'last', '') then
  return redis.error_reply('NOSTATE the bus is not whole')
end
if ARGV[1] ~= epoch or since > offset then
  gap, since = 1, 0
end
local oldest = now() - age
local reply = {epoch, offset, gap}
for i = 6, #ARGV do
  local channel = ARGV[i]
  local key = base .. 'h:' .. channel
  local from = whole(since + 1) .. '-0'
  local entries
  if newest == '1' then
    entries = redis.call('XREVRANGE', key, '+', from, 'COUNT', most)
  else
    entries = redis.call('XRANGE', key, from, '+', 'COUNT', most)
  end
  local before = tonumber(redis.call('ZSCORE', base .. 'last', channel) or state[3])
  local first = true
  for _, entry in ipairs(entries) do
    local fields = entry[2]
    if tonumber(fields[2]) > oldest then
      if first then
        first, before = false, tonumber(fields[4])
      end
      reply[#reply + 1] = channel
      reply[#reply + 1] = tonumber(string.match(entry[1], '^%d+'))
      reply[#reply + 1] = tonumber(fields[2])
      reply[#reply + 1] = fields[6]
    end
  end
  if before > since then
    gap = 1
  end
end
reply[3] = gap
return reply
