//! The demonstration goes on where it was, and whoever cannot go on with it is told what to do.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::json;
use tests::Server;
use tests::payments::buono;
use tests::town::client;

/// A till that joins with the code that was printed: the status of the answer.
async fn join(server: &Server) -> u16 {
    let body = json!({"enrolment_code": server.demo["enrolment_code"], "label": "Cassa nuova"});
    let request = client().post(format!("{}/v1/terminals/enrol", server.base_url)).json(&body);
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn one_till_can_join_after_each_start() {
    let data = tempfile::tempdir().unwrap();
    for start in ["first", "second", "third"] {
        let mut server = Server::start(data.path());
        assert_eq!(server.demo["enrolment_code"], "PROVA-2026", "{start}");
        assert_eq!([join(&server).await, join(&server).await], [201, 404], "{start}");
        server.end();
    }
}

/// As where the first start was cut off, after the town's staff and before its last voucher.
#[test]
fn half_a_town_is_told_of_with_the_folder_to_delete() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    Server::start(&data).end();
    std::fs::remove_file(data.join("demo.json")).unwrap();
    let again = ["demo", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
    let said = buono(&again, &[]).refused("the demonstration could not be made: conflict");
    assert!(said.contains(&format!("Delete the folder {}, unless", data.display())), "{said}");
    std::fs::remove_dir_all(&data).unwrap();
    Server::start(&data).end();
}
