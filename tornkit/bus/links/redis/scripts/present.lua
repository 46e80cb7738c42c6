-- ARGV: channel. Returns what stands of each: their time, their order, what is told of them.
local found = {}
local fields = redis.call('HGETALL', base .. 'p:' .. ARGV[1])
for i = 1, #fields, 2 do
  if string.sub(fields[i], 1, 1) == 'i' then
    found[#found + 1] = fields[i + 1]
  end
end
return found
