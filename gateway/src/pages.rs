//! What people see: the voucher's page, one page for shops, one for the municipality.

use crate::auth::Citizen;
use crate::citizen::view::{VoucherPage, read};
use crate::citizen::{block_lost, open};
use crate::problem::Problem;
use crate::state::AppState;
use crate::texts::{Lang, day, euro};
use actix_web::http::header::{self, ETAG};
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use askama::Template;
use domain::clock::Timestamp;
use domain::rome;
use fluent_bundle::FluentValue;
use serde::Deserialize;
use std::sync::Arc;

const ASSETS: [(&str, &str, &str); 4] = [
    ("buono.css", "text/css; charset=utf-8", include_str!("../assets/buono.css")),
    ("voucher.js", "text/javascript; charset=utf-8", include_str!("../assets/voucher.js")),
    ("shop.js", "text/javascript; charset=utf-8", include_str!("../assets/shop.js")),
    ("console.js", "text/javascript; charset=utf-8", include_str!("../assets/console.js")),
];

/// All pages.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(home)
        .service(voucher)
        .service(open_by_code)
        .service(opened)
        .service(block)
        .service(shop_page)
        .service(console_page)
        .service(accessibility)
        .service(asset);
}

/// The texts of a page in its reader's language.
struct Words {
    state: Arc<AppState>,
    lang: Lang,
    now_us: i64,
}

impl Words {
    fn of(state: &web::Data<AppState>, request: &HttpRequest) -> Self {
        let chosen =
            request.query_string().split('&').find_map(|pair| pair.strip_prefix("lang=")).and_then(Lang::from_tag);
        let lang = chosen.unwrap_or_else(|| Lang::of(request.headers()));
        Self { state: Arc::clone(state), lang, now_us: state.clock.now().micros() }
    }

    fn t(&self, key: &str) -> String {
        self.state.texts.plain(self.lang, key)
    }

    fn tv(&self, key: &str, name: &str, value: &str) -> String {
        self.state.texts.get(self.lang, key, &[(name, FluentValue::from(value))])
    }

    fn moment(&self, micros: i64) -> String {
        let at = rome::local(Timestamp::from_micros(micros));
        format!("{} {}", day(self.lang, micros), at.strftime("%H:%M"))
    }
}

#[derive(Template)]
#[template(path = "voucher.html")]
struct VoucherTemplate {
    lang: &'static str,
    other: &'static str,
    title: String,
    skip: String,
    script: bool,
    failed: bool,
    now_us: i64,
    view: Option<VoucherPage>,
    words: Words,
}

#[derive(Template)]
#[template(path = "view.html")]
struct ViewTemplate {
    now_us: i64,
    view: VoucherPage,
    words: Words,
}

macro_rules! speaks {
    ($($template:ident),+) => {$(
        impl $template {
            fn t(&self, key: &str) -> String {
                self.words.t(key)
            }
            fn tv(&self, key: &str, name: &str, value: impl AsRef<str>) -> String {
                self.words.tv(key, name, value.as_ref())
            }
            fn money(&self, cents: impl std::borrow::Borrow<i64>) -> String {
                euro(self.words.lang, *cents.borrow())
            }
            fn date(&self, micros: &i64) -> String {
                day(self.words.lang, *micros)
            }
            fn moment(&self, micros: &i64) -> String {
                self.words.moment(*micros)
            }
            fn status(&self, status: &str) -> String {
                self.t(&format!("status-{}", status.replace('_', "-")))
            }
            fn kind(&self, kind: &str) -> String {
                self.t(&format!("kind-{}", kind.replace('_', "-")))
            }
            fn rules<'a>(&self, view: &'a VoucherPage) -> &'a str {
                if self.words.lang == Lang::It { &view.rules_it } else { &view.rules_en }
            }
        }
    )+};
}

speaks!(VoucherTemplate, ViewTemplate);

fn html(page: &impl Template) -> Result<HttpResponse, Problem> {
    let body = page.render().map_err(|error| {
        tracing::error!(%error, "a page cannot be rendered");
        Problem::new("internal_error")
    })?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(body))
}

fn voucher_page(words: Words, view: Option<VoucherPage>, failed: bool) -> Result<HttpResponse, Problem> {
    let (lang, other) = if words.lang == Lang::It { ("it", "en") } else { ("en", "it") };
    html(&VoucherTemplate {
        lang,
        other,
        title: words.t("page-title"),
        skip: words.t("page-skip"),
        script: true,
        failed,
        now_us: words.now_us,
        view,
        words,
    })
}

/// The link of the message: nothing in it but a form and the script that reads the fragment.
#[get("/v")]
async fn voucher(state: web::Data<AppState>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    voucher_page(Words::of(&state, &request), None, false)
}

#[derive(Deserialize)]
struct TypedCode {
    code: String,
    #[serde(default)]
    pin: String,
}

/// Without a script: the typed code.
#[post("/v")]
async fn open_by_code(
    state: web::Data<AppState>,
    request: HttpRequest,
    form: web::Form<TypedCode>,
) -> Result<HttpResponse, Problem> {
    match open(&state, &request, &form.code, Some(&form.pin)).await {
        Ok((cookie, _)) => {
            Ok(HttpResponse::SeeOther().cookie(cookie).insert_header((header::LOCATION, "/v/buono")).finish())
        }
        Err(problem) if problem.code() == "voucher_not_found" => voucher_page(Words::of(&state, &request), None, true),
        Err(problem) => Err(problem),
    }
}

#[get("/v/buono")]
async fn opened(
    state: web::Data<AppState>,
    request: HttpRequest,
    citizen: Option<Citizen>,
) -> Result<HttpResponse, Problem> {
    let words = Words::of(&state, &request);
    let fragment = request.query_string().contains("frammento=1");
    let Some(citizen) = citizen else {
        return if fragment { Err(Problem::new("unauthorized")) } else { voucher_page(words, None, false) };
    };
    let view = read(&state, &citizen).await?;
    if fragment {
        return html(&ViewTemplate { now_us: words.now_us, view, words });
    }
    voucher_page(words, Some(view), false)
}

#[derive(Deserialize)]
struct Sure {
    sure: String,
}

#[post("/v/blocca")]
async fn block(state: web::Data<AppState>, citizen: Citizen, form: web::Form<Sure>) -> Result<HttpResponse, Problem> {
    if form.sure == "1" {
        block_lost(&state, &citizen).await?;
    }
    Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, "/v/buono")).finish())
}

macro_rules! simple_page {
    ($name:ident, $path:literal) => {
        #[derive(Template)]
        #[template(path = $path)]
        struct $name {
            lang: &'static str,
            title: &'static str,
            skip: &'static str,
        }
    };
}

simple_page!(ShopTemplate, "shop.html");
simple_page!(ConsoleTemplate, "console.html");

#[get("/negozio")]
async fn shop_page() -> Result<HttpResponse, Problem> {
    html(&ShopTemplate { lang: "it", title: "Buono: cassa", skip: "Vai al contenuto" })
}

#[get("/console")]
async fn console_page() -> Result<HttpResponse, Problem> {
    html(&ConsoleTemplate { lang: "it", title: "Buono: console del Comune", skip: "Vai al contenuto" })
}

#[derive(Template)]
#[template(path = "plain.html")]
struct PlainTemplate {
    lang: &'static str,
    title: &'static str,
    skip: &'static str,
    text: &'static str,
    links: Vec<(&'static str, &'static str)>,
}

#[get("/")]
async fn home() -> Result<HttpResponse, Problem> {
    html(&PlainTemplate {
        lang: "it",
        title: "Buono",
        skip: "Vai al contenuto",
        text: "Buoni spesa digitali del Comune.",
        links: vec![("/v", "Ho un buono"), ("/negozio", "Sono un negozio"), ("/console", "Lavoro in Comune")],
    })
}

#[get("/accessibilita")]
async fn accessibility() -> Result<HttpResponse, Problem> {
    html(&PlainTemplate {
        lang: "it",
        title: "Dichiarazione di accessibilità",
        skip: "Vai al contenuto",
        text: "Questa pagina è fatta per essere letta con ogni telefono, con la tastiera e con uno screen reader. \
               La dichiarazione formale è pubblicata dal Comune. Se qualcosa non funziona, chiama il Comune: il numero è sul buono.",
        links: Vec::new(),
    })
}

#[get("/assets/{name}")]
async fn asset(request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, Problem> {
    let found = ASSETS.iter().find(|(name, _, _)| *name == *path);
    let (_, kind, text) = found.ok_or(Problem::new("not_found"))?;
    let tag = format!("\"{}\"", &blake3::hash(text.as_bytes()).to_hex()[..16]);
    let same = request.headers().get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let mut answer = if same { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((ETAG, tag)).insert_header((header::CACHE_CONTROL, "no-cache"));
    if same { Ok(answer.finish()) } else { Ok(answer.content_type(*kind).body(*text)) }
}
