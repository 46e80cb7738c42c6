-- ARGV: an offset, then what names of channels may begin with.
-- Returns epoch, offset, floor, and the channels that have had messages behind that offset.
local found = {}
for _, channel in ipairs(redis.call('ZRANGEBYSCORE', base .. 'last', '(' .. ARGV[1], '+inf')) do
  for i = 2, #ARGV do
    if channel ~= '' and string.sub(channel, 1, #ARGV[i]) == ARGV[i] then
      found[#found + 1] = channel
      break
    end
  end
end
return {epoch, tonumber(state[2]), tonumber(state[3]), found}
