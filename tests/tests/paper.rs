//! Vouchers on paper: the holder's own and the office's. What a sheet says is true at the moment of print, it can be
//! scanned, and nothing on it lets a finder do more than the holder would want.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lopdf::content::Content;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tests::Server;
use tests::pdf;
use tests::town::{Caller, Installation, Town, done, key, text};

struct World {
    on: Installation,
    town: Town,
    _data: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let on = Installation::start(data.path()).await;
        let town = Town::build(&on, "Pievebassa").await;
        Self { on, town, _data: data }
    }

    async fn sheet(&self, holder: &Caller, query: &str, lang: &str) -> Response {
        let path = format!("/v1/citizen/voucher/print.pdf{query}");
        self.on.request(holder, Method::GET, &path).header("Accept-Language", lang).send().await.unwrap()
    }

    async fn print(&self, by: &Caller, vouchers: &[String]) -> Response {
        let request = self.on.request(by, Method::POST, "/v1/admin/vouchers/print.pdf");
        request.json(&json!({"voucher_ids": vouchers})).send().await.unwrap()
    }

    async fn act(&self, voucher: &str, what: &str) {
        let path = format!("/v1/admin/vouchers/{voucher}/{what}");
        self.on.post(&self.town.clerk, &path, &json!({"reason": "prova"})).await;
    }
}

/// The pages of a PDF that is not to be kept, each with what it says.
async fn pages(answer: Response) -> Vec<String> {
    assert_eq!(answer.status().as_u16(), 200, "{}", answer.text().await.unwrap());
    assert_eq!(answer.headers()["content-type"], "application/pdf");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    pdf::pages(&answer.bytes().await.unwrap())
}

async fn code(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    (status, text(&answer.json::<Value>().await.unwrap()["code"]))
}

#[tokio::test]
async fn a_holders_sheet_says_all_that_it_must_and_never_the_pin() {
    let world = World::new().await;
    let (on, town) = (&world.on, &world.town);
    on.post(&town.tills[0], "/v1/redemptions", &json!({"voucher": town.voucher.code, "amount_cents": 2_050})).await;
    let today = text(&on.get(&town.tills[0], "/v1/operations").await["items"][0]["decided_at"])[..4].to_owned();
    for query in ["", "?size=a4", "?size=card"] {
        let said = pages(world.sheet(&town.holder, query, "it").await).await.concat();
        for wanted in
            ["29,50€", &town.voucher.code, "Saldoal", &today, "ComunediPievebassa", "31/12/2099", "0599000200"]
        {
            assert!(said.contains(wanted), "{query}: no {wanted} in {said}");
        }
        assert!(!said.contains(&town.voucher.pin), "{query}: the PIN is on it: {said}");
    }
    let said = pages(world.sheet(&town.holder, "", "it").await).await.concat();
    for wanted in ["Nientealcolici.", "ViaRoma1", "nonsiaggiornadasolo"] {
        assert!(said.contains(wanted), "no {wanted} in {said}");
    }
    assert_eq!(said.matches("FornoPievebassa").count(), 6, "every shop: {said}");
    let said = pages(world.sheet(&town.holder, "", "en").await).await.concat();
    assert!(said.contains("Noalcohol.") && said.contains("Balanceon"), "{said}");
    assert_eq!(code(world.sheet(&town.holder, "?size=a3", "it").await).await, (400, "bad_request".to_owned()));
    assert_eq!(code(world.sheet(&Caller::nobody(), "", "it").await).await, (401, "unauthorized".to_owned()));
}

#[tokio::test]
async fn a_voucher_that_cannot_be_spent_says_so_and_an_old_code_is_not_printed() {
    let world = World::new().await;
    let (on, town) = (&world.on, &world.town);
    assert!(!pages(world.sheet(&town.holder, "", "it").await).await.concat().contains("Bloccato"));
    world.act(&town.voucher.id, "block").await;
    for query in ["", "?size=card"] {
        assert!(pages(world.sheet(&town.holder, query, "it").await).await.concat().contains("Bloccato"), "{query}");
    }
    assert!(
        pages(world.print(&town.clerk, std::slice::from_ref(&town.voucher.id)).await)
            .await
            .concat()
            .contains("Bloccato")
    );
    world.act(&town.voucher.id, "unblock").await;
    let suspend = format!("/v1/admin/programmes/{}/suspend", town.programme);
    on.post(&town.admin, &suspend, &Value::Null).await;
    assert!(pages(world.sheet(&town.holder, "", "it").await).await.concat().contains("Programmasospeso"));
    world.act(&town.voucher.id, "reissue").await;
    let told = world.sheet(&town.holder, "", "it").await;
    assert_eq!(code(told).await, (409, "voucher_reissued".to_owned()));
}

#[tokio::test]
async fn the_office_prints_its_own_towns_vouchers_in_the_order_it_says_and_on_record() {
    let world = World::new().await;
    let (on, town) = (&world.on, &world.town);
    let file = "riferimento;cognome;nome;importo;canale;indirizzo;cap;comune;provincia\n\
        C-1;Bianchi;Ada;10,00;carta;Via Po 3;41099;Pievebassa;MO\n\
        C-2;Verdi;Ugo;20,00;carta;;;;\n\
        C-3;Neri;Eva;30,00;carta;Piazza Grande 1;41099;Pievebassa;MO\n";
    let path = format!("/v1/admin/beneficiaries/import?programme_id={}", town.programme);
    let import = done(town.send_file(on, &path, "text/csv", file.into()).await).await;
    town.apply(on, &text(&import["import_id"])).await;
    let mut vouchers = Vec::new();
    for reference in ["C-3", "C-1", "C-2"] {
        let found = on.get(&town.clerk, &format!("/v1/admin/vouchers?search={reference}")).await;
        vouchers.push(text(&found["items"][0]["id"]));
    }
    let pages = pages(world.print(&town.clerk, &vouchers).await).await;
    let all = pages.concat();
    let places: Vec<usize> = ["NeriEva", "BianchiAda", "VerdiUgo"].map(|name| all.find(name).unwrap()).into();
    assert!(places.is_sorted(), "{places:?}");
    let first = &pages[0];
    for wanted in ["NeriEva", "PiazzaGrande1", "41099PievebassaMO", "30,00€", "C-3"] {
        assert!(first.contains(wanted), "no {wanted} in {first}");
    }
    assert!(!first.contains("BianchiAda"), "a sheet is one family's");
    for voucher in &vouchers {
        let pin = on.post(&town.clerk, &format!("/v1/admin/vouchers/{voucher}/pin"), &Value::Null).await;
        assert!(!all.contains(&text(&pin["pin"])), "a PIN is on it");
    }
    let log = on.get(&town.auditor, "/v1/admin/audit?limit=20").await;
    let printed = log["items"].as_array().unwrap().iter().find(|item| item["action"] == "vouchers_printed").unwrap();
    assert_eq!(printed["detail"]["voucher_ids"], json!(vouchers));
    assert!(printed["user_id"].is_string() && !printed.to_string().contains("Neri"), "{printed}");
    // not by those who only read, not of other towns, not without end
    let other = Town::build(on, "Roccalta").await;
    assert_eq!(code(world.print(&town.auditor, &vouchers).await).await, (403, "forbidden".to_owned()));
    let mixed = [vouchers[0].clone(), other.voucher.id.clone()];
    assert_eq!(code(world.print(&town.clerk, &mixed).await).await, (404, "voucher_not_found".to_owned()));
    for wrong in [vec![], vec![vouchers[0].clone(); 201]] {
        assert_eq!(code(world.print(&town.clerk, &wrong).await).await, (400, "bad_request".to_owned()));
    }
}

/// The rectangle with these corners: left, top, width, height.
fn around(corners: &[[f32; 2]]) -> Option<[f32; 4]> {
    let side = |axis: usize, pick: fn(f32, f32) -> f32| corners.iter().map(|corner| corner[axis]).reduce(pick);
    let (left, top) = (side(0, f32::min)?, side(1, f32::min)?);
    (corners.len() >= 4).then_some([left, top, side(0, f32::max)? - left, side(1, f32::max)? - top])
}

/// The rectangles that one drawing of a PDF fills: left, top, width, height in the drawing's own units.
fn rectangles(drawing: &[u8]) -> Vec<[f32; 4]> {
    let Ok(content) = Content::decode(drawing) else { return Vec::new() };
    let (mut found, mut corners) = (Vec::new(), Vec::<[f32; 2]>::new());
    for operation in &content.operations {
        let numbers: Vec<f32> = operation.operands.iter().filter_map(|operand| operand.as_float().ok()).collect();
        if let ("l", &[x, y]) = (operation.operator.as_str(), numbers.as_slice()) {
            corners.push([x, y]);
            continue;
        }
        // whatever comes next, the path before it is whole
        found.extend(around(&corners));
        corners.clear();
        match (operation.operator.as_str(), numbers.as_slice()) {
            ("re", &[left, top, width, height]) => found.push([left, top, width, height]),
            ("m", &[x, y]) => corners.push([x, y]),
            _ => {}
        }
    }
    found
}

/// What a camera reads in the drawing with the most rectangles of a document.
fn scanned(pdf: &[u8]) -> String {
    let pdf = lopdf::Document::load_mem(pdf).unwrap();
    let streams = pdf.objects.values().filter_map(|object| object.as_stream().ok());
    let drawings = streams.filter_map(|stream| stream.decompressed_content().ok()).map(|bytes| rectangles(&bytes));
    let drawing = drawings.max_by_key(Vec::len).unwrap();
    // the largest is the paper
    let area = |rectangle: &[f32; 4]| rectangle[2] * rectangle[3];
    let paper = drawing.iter().copied().max_by(|one, two| area(one).total_cmp(&area(two))).unwrap();
    let modules: Vec<_> = drawing.iter().filter(|rectangle| area(rectangle) < area(&paper) / 2.0).collect();
    assert!(modules.len() > 50, "no QR code was drawn");
    let inside = |x: f32, y: f32| {
        modules
            .iter()
            .any(|[left, top, width, height]| (*left..left + width).contains(&x) && (*top..top + height).contains(&y))
    };
    let size = 400;
    let scale = paper[2] / size as f32;
    let place = |at: usize| (at as f32 + 0.5) * scale;
    let mut image =
        rqrr::PreparedImage::prepare_from_bitmap(size, size, |x, y| inside(paper[0] + place(x), paper[1] + place(y)));
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1, "no code, or several");
    grids[0].decode().unwrap().1
}

#[tokio::test]
async fn the_code_on_paper_is_the_one_that_tills_read() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let voucher = &server.demo["vouchers"][0];
    let token = json!({"token": text(&voucher["link"]).rsplit('#').next().unwrap()});
    let client = Client::new();
    let session = client.post(format!("{}/v1/citizen/session", server.base_url)).json(&token).send().await.unwrap();
    let cookie = session.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    for size in ["a4", "card"] {
        let url = format!("{}/v1/citizen/voucher/print.pdf?size={size}", server.base_url);
        let printed = client.get(url).header("Cookie", &cookie).send().await.unwrap();
        let read = scanned(&printed.bytes().await.unwrap());
        assert_eq!(read, text(&voucher["qr_text"]), "{size}");
        // and a till takes it
        let paid = client.post(format!("{}/v1/redemptions", server.base_url));
        let paid = paid.bearer_auth(text(&server.demo["terminals"][0]["token"])).header("Idempotency-Key", key());
        let paid = paid.json(&json!({"voucher": read, "amount_cents": 1})).send().await.unwrap();
        assert_eq!(paid.status().as_u16(), 201);
    }
}
