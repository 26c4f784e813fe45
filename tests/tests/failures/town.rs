//! Who takes part: 64 tills and 20 vouchers of the demonstration town.

use crate::dice::Dice;
use domain::ids::PartitionId;
use loadtest::{Till, Town};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use std::collections::HashMap;
use tests::Server;
use tests::payments::partition_of;
use tests::town::{client, done, key, text};

const TILLS: usize = 64;
const VOUCHERS: usize = 20;

/// The town with as many tills as it needs, which join its shops as real ones do.
pub fn town(node: &Server, dice: &mut Dice) -> Town {
    let mut town: Town = serde_json::from_value(node.demo.clone()).unwrap();
    dice.shuffle(&mut town.vouchers);
    spread(node, &mut town);
    town.vouchers.truncate(VOUCHERS);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let cookie = sign_in(node).await;
        let shops = node.demo["terminals"].as_array().unwrap().iter().cycle();
        for (at, shop) in (town.terminals.len()..TILLS).zip(shops) {
            let made = format!("/v1/admin/shops/{}/enrolments", text(&shop["shop_id"]));
            let made = post(node, &made).header("Cookie", &cookie).send().await;
            let join = json!({"enrolment_code": done(made).await["enrolment_code"], "label": format!("Cassa {at}")});
            let joined = done(post(node, "/v1/terminals/enrol").json(&join).send().await).await;
            let name = format!("{} {at}", text(&shop["shop"]));
            town.terminals.push(Till { name, token: text(&joined["token"]) });
        }
    });
    town
}

/// Takes turns of the partitions: by bad luck all vouchers of twenty might lie elsewhere than on what breaks.
fn spread(node: &Server, town: &mut Town) {
    let vouchers = node.demo["vouchers"].as_array().unwrap();
    let of: HashMap<String, PartitionId> =
        vouchers.iter().map(|voucher| (text(&voucher["reference"]), partition_of(voucher))).collect();
    let mut before = HashMap::new();
    town.vouchers.sort_by_cached_key(|voucher| {
        let turn: &mut usize = before.entry(of[&voucher.name]).or_default();
        *turn += 1;
        *turn
    });
}

/// A request of somebody at an address of their own: strangers' tries are counted by address.
fn post(node: &Server, path: &str) -> RequestBuilder {
    client().post(format!("{}{path}", node.base_url)).header("Idempotency-Key", key())
}

async fn sign_in(node: &Server) -> String {
    let clerk = node.demo["staff"].as_array().unwrap().iter().find(|staff| staff["role"] == "clerk").unwrap();
    let who: Value = json!({"email": clerk["email"], "password": clerk["password"]});
    let answer = post(node, "/v1/admin/session").json(&who).send().await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}
