//! The document itself: what is on record, what is registered, and that people can read it.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use tests::Server;
use tests::openapi::Document;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The first place where two documents differ, as a JSON pointer.
fn difference(one: &Value, other: &Value, place: &str) -> Option<String> {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<_> = a.keys().chain(b.keys()).collect();
            keys.into_iter().find_map(|key| {
                let (a, b) = (a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null));
                difference(a, b, &format!("{place}/{}", key.replace('~', "~0").replace('/', "~1")))
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(at, (a, b))| difference(a, b, &format!("{place}/{at}")))
        }
        _ => (one != other).then(|| place.to_owned()),
    }
}

#[tokio::test]
async fn the_document_is_the_one_on_record() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start_with(data.path(), &["--base-url", "https://buoni.comune.example"]);
    let served = reqwest::get(format!("{}/openapi.json", server.base_url)).await.unwrap();
    let served: Value = served.json().await.unwrap();
    let path = root().join("docs/openapi.json");
    if std::env::var_os("BUONO_UPDATE").is_some() {
        fs::write(&path, format!("{served:#}\n")).unwrap();
    }
    let recorded: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap_or_default()).unwrap_or_default();
    if let Some(place) = difference(&recorded, &served, "") {
        panic!(
            "the interface is not the one of docs/openapi.json; the first difference is at {place}\n\
             If it is meant, record it and look at what integrators will have to live with:\n\
             make document && git diff docs/openapi.json"
        );
    }
}

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(fs::read_to_string(&path).unwrap());
        }
    }
}

/// `GET /v1/shop` for `#[get("/v1/shop")]`, and whether a description stands above it.
fn routes(source: &str) -> Vec<(String, bool)> {
    let mut routes = Vec::new();
    for method in ["get", "post", "put", "patch", "delete"] {
        for (at, found) in source.match_indices(&format!("#[{method}(\"")) {
            let path = source[at + found.len()..].split('"').next().unwrap();
            let item = source[..at].rsplit("\n\n").next().unwrap();
            routes.push((format!("{} {path}", method.to_uppercase()), item.contains("#[utoipa::path(")));
        }
    }
    routes
}

#[tokio::test]
async fn every_route_is_in_the_document_unless_it_is_a_page() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let document = Document::of(&server.base_url).await;
    let described: BTreeSet<String> = document.operations().iter().map(|operation| operation.name()).collect();
    let mut texts = Vec::new();
    sources(&root().join("gateway/src"), &mut texts);
    let all: Vec<(String, bool)> = texts.iter().flat_map(|text| routes(text)).collect();
    let marked: BTreeSet<String> =
        all.iter().filter(|(_, described)| *described).map(|(name, _)| name.clone()).collect();
    assert_eq!(marked, described, "described in the source and not registered, or the other way round");
    let pages = all.iter().filter(|(_, described)| !described).map(|(name, _)| name);
    for page in pages.clone() {
        assert!(!page.contains(" /v1/"), "{page} is part of the interface and has no #[utoipa::path]");
        let (method, path) = page.split_once(' ').unwrap();
        let listed = format!("(\"{method}\", \"{path}\")");
        assert!(texts.iter().any(|text| text.contains(&listed)), "add {listed} to PAGES in gateway/src/openapi.rs");
    }
    assert!(pages.count() > 5 && described.len() > 50, "the source was not understood");
    for text in &texts {
        let other = [".route(", "web::resource(", "web::scope("].into_iter().find(|way| text.contains(way));
        assert_eq!(other, None, "routes are made with #[get(…)] and the like, which this test reads");
    }
}

#[test]
fn no_two_types_have_the_same_name_in_the_document() {
    let mut texts = Vec::new();
    sources(&root().join("gateway/src"), &mut texts);
    let mut names = BTreeSet::new();
    for text in texts.iter().flat_map(|text| text.split("#[derive(").skip(1)) {
        let Some((derived, item)) = text.split_once(")]") else { continue };
        if !derived.contains("ToSchema") {
            continue;
        }
        let head = item.lines().find(|line| line.contains("struct ") || line.contains("enum ")).unwrap();
        let name =
            head.split(["struct ", "enum "].into_iter().find(|word| head.contains(word)).unwrap()).nth(1).unwrap();
        let name: String = name.chars().take_while(|c| c.is_alphanumeric()).collect();
        assert!(
            names.insert(name.clone()),
            "{name} would be overwritten: the document knows types by their names alone"
        );
    }
    assert!(names.len() > 50, "the source was not understood");
}

#[tokio::test]
async fn people_can_read_it_without_asking_anybody_else() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let get = async |path: &str| reqwest::get(format!("{}{path}", server.base_url)).await.unwrap();
    let page = get("/docs").await;
    let csp = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(csp.contains("default-src 'self'") && csp.contains("style-src 'self' 'unsafe-inline'"), "{csp}");
    assert!(!csp.contains("script-src") && !csp.contains("http"), "{csp}");
    let html = page.text().await.unwrap();
    let links: Vec<&str> =
        html.match_indices("=\"/").map(|(at, _)| html[at + 2..].split('"').next().unwrap()).collect();
    assert!(links.len() >= 4 && !html.contains("//"), "{html}");
    for link in links {
        let file = get(link).await;
        assert_eq!(file.status(), 200, "{link}");
        let tag = file.headers()["etag"].clone();
        let again = reqwest::Client::new().get(format!("{}{link}", server.base_url)).header("If-None-Match", tag);
        assert_eq!(again.send().await.unwrap().status(), 304, "{link}");
    }
    assert!(!get("/").await.headers()["content-security-policy"].to_str().unwrap().contains("unsafe-inline"));
    assert_eq!(get("/docs/files/../../key").await.status(), 404);
}

#[tokio::test]
async fn every_problem_code_is_explained() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let document = Document::of(&server.base_url).await;
    let client = reqwest::Client::new();
    let page = |lang| client.get(format!("{}/docs/problems", server.base_url)).header("Accept-Language", lang).send();
    let english = page("en").await.unwrap().text().await.unwrap();
    let italian = page("it").await.unwrap().text().await.unwrap();
    assert!(english.contains("<html lang=\"en\">") && italian.contains("<html lang=\"it\">"));
    let text = document.0.to_string();
    let mut codes: Vec<&str> =
        text.split("\"code\":{\"enum\":[").skip(1).map(|rest| rest.split(']').next().unwrap()).collect();
    codes = codes.into_iter().flat_map(|list| list.split(',')).map(|code| code.trim_matches('"')).collect();
    assert!(codes.len() > 40);
    for code in codes {
        assert!(english.contains(&format!("<tr id=\"{code}\">")), "{code} has no row");
    }
    let missing = client.get(format!("{}/v1/nowhere", server.base_url)).send().await.unwrap();
    let problem: Value = missing.json().await.unwrap();
    assert_eq!(problem["type"], "/docs/problems#not_found");
    for text in ["Saldo insufficiente", "There is not enough on the voucher.", "<td>409</td>"] {
        assert!(english.contains(text) && italian.contains(text), "{text}");
    }
}
