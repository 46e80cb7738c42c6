-- ARGV: member, channel, id.
withdraw(ARGV[1], ARGV[2], ARGV[3], false)
return 1
