#!lua name=buono_journal_1
-- The journal's rules where its batches lie, so that comparing and writing are one step that nothing
-- can come between. `buono migrate` loads this library; the server keeps it with its data.
--
-- A partition is two keys: the fence, a hash of `epoch`, `seq` and `chain`, which says where the last
-- batch ends, and a stream of batches, one field each, whose ids are `epoch-seq` of their last record.
-- Both parts of an id never fall, so ids grow, as a stream demands.
--
-- The version is part of every name: while nodes are upgraded one after the other, two libraries stand
-- side by side.
--
-- Numbers: the caller keeps epochs and sequence numbers below 2^53, where Lua still counts exactly. Those
-- of a fence are compared as the texts they are stored as; only the search through a stream computes.

local VERSION = 'buono_journal_1'
local COUNT_MAX = 2 ^ 53 - 1
-- Batches that one step of reading takes at most.
local STEP_MAX = 64

local function fence_of(key)
  return redis.call('HMGET', key, 'epoch', 'seq', 'chain')
end

local function id_of(epoch, seq)
  return string.format('%.0f-%.0f', epoch, seq)
end

local function seq_of(entry)
  return tonumber(string.match(entry[1], '%-(%d+)$'))
end

local function first_at(batches, id)
  return redis.call('XRANGE', batches, id, '+', 'COUNT', 1)[1]
end

-- Where to look for the batch that holds the record `from`: behind everything that ends before it. Ids are
-- ordered by epoch first, so this is the last epoch whose first batch ends no later than that.
local function place_of(batches, fence, from)
  -- a fence that is damaged is the caller's to find
  local low, high = 0, math.min(tonumber(string.match(fence[1] or '', '^%d+$')) or 0, COUNT_MAX)
  -- most often it is the current one
  local middle = high
  while low < high do
    local begins = first_at(batches, id_of(middle, 0))
    if begins and seq_of(begins) <= from then low = middle else high = middle - 1 end
    middle = math.ceil((low + high) / 2)
  end
  return id_of(low, from)
end

-- One durable write. Whoever connects asks for it first: after a crash a server shows what it had written
-- and not yet synced, and this write's sync covers that too.
local function settle(keys)
  redis.call('INCR', keys[1])
  return VERSION
end

-- Gives an empty partition its fence. One that has batches has lost its fence, and stays without.
local function create(keys, args)
  if redis.call('EXISTS', keys[1], keys[2]) == 0 then
    redis.call('HSET', keys[1], 'epoch', '0', 'seq', '0', 'chain', args[1])
  end
end

local function head(keys)
  return fence_of(keys[1])
end

-- The fence and the last batch, for whoever is about to open the partition.
local function last(keys)
  return {fence_of(keys[1]), redis.call('XREVRANGE', keys[2], '+', '-', 'COUNT', 1)}
end

-- Appends a batch and moves the fence to its end, if the fence is where the caller believes; otherwise
-- tells where it is. An opening is the same with an epoch one higher.
local function append(keys, args)
  local fence = fence_of(keys[1])
  if fence[1] ~= args[1] or fence[2] ~= args[2] or fence[3] ~= args[3] then return fence end
  local added
  if args[2] == '0' then
    added = redis.pcall('XADD', keys[2], args[4] .. '-' .. args[5], 'batch', args[7])
  else
    added = redis.pcall('XADD', keys[2], 'NOMKSTREAM', args[4] .. '-' .. args[5], 'batch', args[7])
  end
  if not added then return redis.error_reply('DAMAGED the batches before this one are gone') end
  if type(added) == 'table' and added.err then
    if string.find(added.err, 'equal or smaller', 1, true) then
      return redis.error_reply('DAMAGED there is a batch behind the fence')
    end
    return added
  end
  redis.call('HSET', keys[1], 'epoch', args[4], 'seq', args[5], 'chain', args[6])
  return false
end

-- The fence and the batches from the record `args[1]` on: at least one if there is one, and then no more
-- than `args[2]` bytes of them.
local function read(keys, args)
  local fence = fence_of(keys[1])
  local from, bytes_max = place_of(keys[2], fence, tonumber(args[1])), tonumber(args[2])
  local found, bytes, step = {}, 0, 1
  while true do
    local some = redis.call('XRANGE', keys[2], from, '+', 'COUNT', step)
    for _, entry in ipairs(some) do
      bytes = bytes + #entry[2][2]
      if #found > 0 and bytes > bytes_max then return {fence, found} end
      found[#found + 1] = entry
    end
    if #some < step or bytes >= bytes_max then return {fence, found} end
    from = '(' .. some[#some][1]
    step = math.min(step * 2, STEP_MAX)
  end
end

-- Lets go of the batches that end no later than the record `args[1]`, but for the last one of all, which
-- vouches for the fence.
local function trim(keys, args)
  local fence = fence_of(keys[1])
  local keep = first_at(keys[2], place_of(keys[2], fence, tonumber(args[1]) + 1))
    or redis.call('XREVRANGE', keys[2], '+', '-', 'COUNT', 1)[1]
  if fence[1] and keep then redis.call('XTRIM', keys[2], 'MINID', '=', keep[1]) end
  return fence
end

-- Stores batches of another journal, from `args[5]` on an id and its bytes each, behind the one at `args[4]`,
-- under a fence that stands at their end from the first call on; otherwise tells where the fence is.
local function restore(keys, args)
  local fence = fence_of(keys[1])
  local last = redis.call('XREVRANGE', keys[2], '+', '-', 'COUNT', 1)[1]
  -- one that was made and never opened is as empty as one that was never made
  if not last and (not fence[1] or (fence[1] == '0' and fence[2] == '0')) then
    fence = {args[1], args[2], args[3]}
    redis.call('HSET', keys[1], 'epoch', args[1], 'seq', args[2], 'chain', args[3])
  end
  if fence[1] ~= args[1] or fence[2] ~= args[2] or fence[3] ~= args[3] then return fence end
  if (last and last[1] or '') ~= args[4] then return fence end
  for at = 5, #args, 2 do
    redis.call('XADD', keys[2], args[at], 'batch', args[at + 1])
  end
  return false
end

-- Leases: `KEYS[1]` is the hash of members by name, each `beats incarnation leaving address`, `KEYS[2]` the hash of
-- holders by partition, empty where there is none.

local function beats_of(member)
  return member and string.match(member, '^%d+')
end

-- Makes the partitions if there are none yet, and says how many there are.
local function partitions(keys, args)
  if redis.call('EXISTS', keys[2]) == 0 then
    for partition = 0, tonumber(args[1]) - 1 do redis.call('HSET', keys[2], partition, '') end
  end
  return redis.call('HLEN', keys[2])
end

-- A member says that it is there; whether it still counts under its name.
local function beat(keys, args)
  local name, incarnation, leaving, address, first = unpack(args)
  local known = redis.call('HGET', keys[1], name)
  if known and first == '0' and string.match(known, '^%d+ (%d+)') ~= incarnation then return 0 end
  local beats = tonumber(beats_of(known) or 0) + 1
  redis.call('HSET', keys[1], name, table.concat({string.format('%.0f', beats), incarnation, leaving, address}, ' '))
  return 1
end

local function lease_table(keys)
  return {redis.call('HGETALL', keys[1]), redis.call('HGETALL', keys[2])}
end

-- Takes a partition from the holder `args[3]`, whose beats were `args[4]`; whether that is still so.
local function claim(keys, args)
  local partition, me, from, beats = unpack(args)
  local moved = beats_of(redis.call('HGET', keys[1], from)) or beats
  if redis.call('HGET', keys[2], partition) ~= from or (from ~= '' and moved ~= beats) then return 0 end
  redis.call('HSET', keys[2], partition, me)
  return 1
end

local function release(keys, args)
  if redis.call('HGET', keys[2], args[1]) == args[2] then redis.call('HSET', keys[2], args[1], '') end
end

local function leave(keys, args)
  local known = redis.call('HGET', keys[1], args[1])
  if not known or string.match(known, '^%d+ (%d+)') ~= args[2] then return end
  redis.call('HDEL', keys[1], args[1])
  local holders = redis.call('HGETALL', keys[2])
  for at = 1, #holders, 2 do
    if holders[at + 1] == args[1] then redis.call('HSET', keys[2], holders[at], '') end
  end
end

local function register(name, callback, flags)
  redis.register_function{function_name = VERSION .. '_' .. name, callback = callback, flags = flags}
end

-- A server that has no memory left must still be read, and trimmed all the more.
register('settle', settle, {'allow-oom'})
register('create', create, {})
register('head', head, {'no-writes'})
register('last', last, {'no-writes'})
register('append', append, {})
register('read', read, {'no-writes'})
register('trim', trim, {'allow-oom'})
register('restore', restore, {})
register('partitions', partitions, {})
register('beat', beat, {'allow-oom'})
register('table', lease_table, {'no-writes'})
register('claim', claim, {'allow-oom'})
register('release', release, {'allow-oom'})
register('leave', leave, {'allow-oom'})
