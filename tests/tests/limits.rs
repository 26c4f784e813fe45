//! Limits stop whoever guesses, and no family on the day of the payout.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reqwest::Client;
use serde_json::json;
use tests::town::client;
use tests::{Server, binary};

async fn open(client: &Client, server: &Server, text: &str, from: Option<&str>) -> u16 {
    let request = client.post(format!("{}/v1/citizen/session", server.base_url)).json(&json!({"token": text}));
    let request = from.into_iter().fold(request, |request, from| request.header("X-Forwarded-For", from));
    request.send().await.unwrap().status().as_u16()
}

/// How many guesses are answered before one is refused; one more is allowed each second.
async fn guesses(client: &Client, server: &Server, from: Option<&str>) -> usize {
    for count in 0..200 {
        match open(client, server, "AAAAAAAAAAAAAAAAAAAAAAAAAA", from).await {
            404 => {}
            429 => return count,
            other => panic!("{other}"),
        }
    }
    panic!("nobody stops it");
}

/// As behind a telephone company: one address, more families than guesses are allowed.
#[tokio::test]
async fn families_behind_one_address_open_their_vouchers_and_a_guesser_is_stopped() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let (families, guesser) = (client(), client());
    let vouchers = server.demo["vouchers"].as_array().unwrap();
    for link in vouchers.iter().map(|voucher| voucher["link"].as_str().unwrap()).take(100) {
        assert_eq!(open(&families, &server, link.rsplit('#').next().unwrap(), None).await, 200);
    }
    assert!(guesses(&guesser, &server, None).await >= 60);
    // whom a stranger names is not believed
    assert!(guesses(&guesser, &server, Some("192.0.2.1")).await < 60);
}

#[tokio::test]
async fn behind_a_proxy_each_caller_counts_alone() {
    let data = tempfile::tempdir().unwrap();
    let mut first = Server::start(data.path());
    first.end();
    let server = Server::serve(data.path(), &["--trusted-proxy".to_owned(), "127.0.0.0/8".to_owned()]);
    let proxy = client();
    assert!(guesses(&proxy, &server, Some("192.0.2.1")).await >= 60);
    assert!(guesses(&proxy, &server, Some("192.0.2.2")).await >= 60);
    let refused =
        std::process::Command::new(binary()).args(["serve", "--trusted-proxy", "everybody"]).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("an address, or a network like 10.0.0.0/8"));
}

/// Whoever has one link cannot take up all streams.
#[tokio::test]
async fn one_voucher_is_followed_by_so_many_pages_at_once() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let link = server.demo["vouchers"][0]["link"].as_str().unwrap().to_owned();
    let body = json!({"token": link.rsplit('#').next().unwrap()});
    let opened = client().post(format!("{}/v1/citizen/session", server.base_url)).json(&body).send().await.unwrap();
    let cookie = opened.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let follow = async || {
        let events = client().get(format!("{}/v1/citizen/voucher/events", server.base_url));
        events.header("Cookie", &cookie).send().await.unwrap()
    };
    let mut pages = Vec::new();
    for _ in 0..20 {
        pages.push(follow().await);
        assert_eq!(pages.last().unwrap().status(), 200);
    }
    assert_eq!(follow().await.status(), 429);
    // a page that was closed makes room, once the server has noticed
    pages.pop();
    for _ in 0..300 {
        if follow().await.status() == 200 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("nobody can follow any more");
}
