-- ARGV: method, key, and its arguments; milliseconds are "" where there are none.
local method, key = ARGV[1], base .. 'k:' .. ARGV[2]
local value = redis.call('GET', key)

local function set(value, milliseconds)
  if milliseconds == '' then
    redis.call('SET', key, value)
  elseif tonumber(milliseconds) < 1 then
    redis.call('DEL', key)
  else
    redis.call('SET', key, value, 'PX', milliseconds)
  end
end

if method == 'get' then
  return value
elseif method == 'set' then  -- value, milliseconds, 1 for a new key only
  if value and ARGV[5] == '1' then
    return 0
  end
  set(ARGV[3], ARGV[4])
  return 1
elseif method == 'delete' then  -- the value it is to have, 1 where that matters
  if not value or (ARGV[4] == '1' and value ~= ARGV[3]) then
    return 0
  end
  redis.call('DEL', key)
  return 1
elseif method == 'renew' then  -- the value it is to have, milliseconds
  if not value or value ~= ARGV[3] then
    return 0
  end
  set(value, ARGV[4])
  return 1
elseif method == 'increment' then  -- by, milliseconds of a new one
  local number = '0'
  if value then
    number = string.match(value, '^j(%-?%d+)$')
    if not number then
      return redis.error_reply('NONUMBER')
    end
  end
  -- Redis adds with 64 bits, of which a number of Lua's has 53.
  local sum = base .. 'sum'
  redis.call('SET', sum, number)
  redis.call('INCRBY', sum, ARGV[3])
  number = redis.call('GET', sum)
  redis.call('DEL', sum)
  if value then
    redis.call('SET', key, 'j' .. number, 'KEEPTTL')
  else
    set('j' .. number, ARGV[4])
  end
  return number
end
return redis.error_reply('NOMETHOD')
