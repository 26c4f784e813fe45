//! One Redis Function call for each redemption, pipelined by connections that many requests share.

use crate::{FUND, Failure, Taken};
use redis::aio::MultiplexedConnection;
use std::cell::Cell;

/// A voucher is a hash: its balance, and what became of every key.
const LIBRARY: &str = "#!lua name=yardstick
local function redeem(keys, args)
  local key, cents, fund = 'op:' .. args[1], tonumber(args[2]), tonumber(args[3])
  local told = redis.call('HGET', keys[1], key)
  if told then
    local balance, declined = string.match(told, '^(%d+) (%d)$')
    return {tonumber(balance), tonumber(declined), 1}
  end
  local balance = tonumber(redis.call('HGET', keys[1], 'balance') or fund)
  local declined = balance < cents and 1 or 0
  if declined == 0 then balance = balance - cents end
  local text = string.format('%.0f', balance)
  redis.call('HSET', keys[1], 'balance', text, key, text .. ' ' .. declined)
  redis.call('XADD', keys[2], '*', 'voucher', keys[1], 'key', args[1], 'cents', args[2], 'balance', text, 'declined', declined)
  return {balance, declined, 0}
end
redis.register_function('yardstick_redeem', redeem)";

pub struct Store {
    connections: Vec<MultiplexedConnection>,
    next: Cell<usize>,
}

pub async fn prepare(url: &str) -> Result<(), Failure> {
    let mut connection = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
    redis::cmd("FUNCTION").arg("LOAD").arg("REPLACE").arg(LIBRARY).exec_async(&mut connection).await?;
    Ok(())
}

impl Store {
    pub async fn connect(url: &str, count: usize) -> Result<Self, Failure> {
        let client = redis::Client::open(url)?;
        let mut connections = Vec::new();
        for _ in 0..count.max(1) {
            connections.push(client.get_multiplexed_async_connection().await?);
        }
        Ok(Self { connections, next: Cell::new(0) })
    }

    pub async fn redeem(&self, voucher: &str, key: &str, cents: i64) -> Result<Taken, Failure> {
        let at = self.next.get();
        self.next.set((at + 1) % self.connections.len());
        let mut connection = self.connections[at].clone();
        let mut call = redis::cmd("FCALL");
        call.arg("yardstick_redeem").arg(2).arg(voucher).arg("operations").arg(key).arg(cents).arg(FUND);
        let (balance, declined, known): (i64, bool, bool) = call.query_async(&mut connection).await?;
        Ok(Taken { balance, declined, known })
    }
}
