-- ARGV: epoch and offset up to which all is known, milliseconds for which messages are kept or "", most
-- messages of a channel, 1 for the newest of them, the offset to go on from in the first channel
-- or "", the offset to read up to or "", then channels.
-- Returns epoch, offset, 1 where messages are gone that came behind that, how many channels are
-- done, the offset to go on from in the next, and then channel, offset, time and payload of each
-- message, channel after channel. An answer ends when it is large: others wait behind it.
local since, most, newest = tonumber(ARGV[2]), tonumber(ARGV[4]), ARGV[5] == '1'
local age = tonumber(ARGV[3]) or tonumber(redis.call('HGET', KEYS[1], 'age'))
local oldest = now() - age * 1000
local offset = tonumber(state[2])
local upto = tonumber(ARGV[7]) or offset
local gap, room = 0, 1048576
if not redis.call('ZSCORE', base .. 'last', '') then
  return redis.error_reply('NOSTATE the bus is not whole')
end
if ARGV[1] ~= epoch or since > offset then
  gap, since = 1, 0
end
local reply = {epoch, offset, gap, 0, 0}

local function next_entries(key, from, count)
  if not newest then
    return redis.call('XRANGE', key, whole((from or since) + 1) .. '-0', '+', 'COUNT', count)
  end
  local last = from and whole(from - 1) .. '-18446744073709551615' or '+'
  return redis.call('XREVRANGE', key, last, '-', 'COUNT', count)
end

-- Reads one channel behind `from`, if that is given; the offset to go on from if the answer is full.
local function read(channel, from)
  local before, left, begin = from or since, most, #reply
  local is_first = true
  while left > 0 do
    local count = math.min(left, 16)
    local entries = next_entries(base .. 'h:' .. channel, from, count)
    for _, entry in ipairs(entries) do
      local fields = entry[2]
      from = tonumber(string.match(entry[1], '^%d+'))
      if tonumber(fields[2]) <= oldest then
        if newest then
          return
        end
        for i = #reply, begin + 1, -1 do  -- of a clock that was set back meanwhile
          reply[i] = nil
        end
        is_first = true
      else
        if is_first and tonumber(fields[4]) > before then
          gap = 1
        end
        is_first = false
        if from > upto and not newest then
          return
        end
        for _, each in ipairs({channel, from, tonumber(fields[2]), fields[6]}) do
          reply[#reply + 1] = each
        end
        room = room - #fields[6] - 100
        if room <= 0 then
          return from
        end
      end
    end
    left = left - count
    if #entries < count then
      break
    end
  end
  if is_first and tonumber(redis.call('ZSCORE', base .. 'last', channel) or state[3]) > before then
    gap = 1
  end
end

local done = 0
for i = 8, #ARGV do
  local from = read(ARGV[i], i == 8 and tonumber(ARGV[6]) or nil)
  if from then
    reply[5] = from
    break
  end
  done = done + 1
end
reply[3], reply[4] = gap, done
return reply
