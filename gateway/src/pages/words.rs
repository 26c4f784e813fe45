//! The texts of a page in its reader's language.

use crate::state::AppState;
use crate::texts::{Lang, day, euro, moment};
use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::{HttpRequest, web};
use fluent_bundle::FluentValue;
use serde_json::{Value, json};
use std::borrow::Borrow;
use std::sync::Arc;

/// Keeps the chosen language.
const LANGUAGE: &str = "lang";
/// Keeps the chosen size of letters.
const TYPE: &str = "type";
/// A space at which no line ends.
const NO_BREAK: &str = "\u{a0}";
/// Letters half as large again.
const BIG: &str = "big";
/// Letters as they are.
const NORMAL: &str = "normal";
/// How long a choice stays.
const STAYS: Duration = Duration::days(365);

/// What a page was asked for in its address.
fn asked<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.query_string().split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// What templates ask for texts, numbers and dates.
pub struct Words {
    state: Arc<AppState>,
    lang: Lang,
    /// In which languages the page can be had.
    spoken: &'static [Lang],
    /// Whether the reader wants large letters.
    big: bool,
    /// What the reader has just chosen, by the name of its cookie: the answer keeps it.
    chosen: Vec<(&'static str, &'static str)>,
    now_us: i64,
}

impl Words {
    /// For a page that citizens read: the language that was chosen a moment ago or earlier, else the
    /// browser's.
    pub fn of(state: &web::Data<AppState>, request: &HttpRequest) -> Self {
        Self::among(&Lang::ALL, state, request)
    }

    /// The same for a page that there is in these languages only.
    pub fn among(spoken: &'static [Lang], state: &web::Data<AppState>, request: &HttpRequest) -> Self {
        let known = |tag: &str| Lang::from_tag(tag).filter(|lang| spoken.contains(lang));
        let size = |name: &str| [BIG, NORMAL].into_iter().find(|size| *size == name);
        let (lang_now, size_now) = (asked(request, LANGUAGE).and_then(known), asked(request, TYPE).and_then(size));
        let lang = lang_now.or_else(|| request.cookie(LANGUAGE).and_then(|cookie| known(cookie.value())));
        let size = size_now.or_else(|| request.cookie(TYPE).and_then(|cookie| size(cookie.value())));
        let chosen = [(LANGUAGE, lang_now.map(Lang::tag)), (TYPE, size_now)];
        Self {
            state: Arc::clone(state),
            lang: lang.unwrap_or_else(|| Lang::of(request.headers(), spoken)),
            spoken,
            big: size == Some(BIG),
            chosen: chosen.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
            now_us: state.clock.now().micros(),
        }
    }

    /// What makes choices stay; nothing but a language and a size of letters is in it.
    pub fn cookies(&self) -> impl Iterator<Item = Cookie<'static>> {
        let secure = self.state.base_url.starts_with("https://");
        self.chosen.iter().map(move |(name, value)| {
            let cookie = Cookie::build(*name, *value).path("/").http_only(true).max_age(STAYS);
            cookie.same_site(SameSite::Lax).secure(secure).finish()
        })
    }

    /// Whether the reader wants large letters.
    pub const fn big(&self) -> bool {
        self.big
    }

    /// What the switch of sizes leads to, and what it is called.
    pub fn other_size(&self) -> (&'static str, String) {
        if self.big { (NORMAL, self.t("site-normal-type")) } else { (BIG, self.t("site-big-type")) }
    }

    /// Whether the installation runs although answered payments can be lost.
    pub fn risks_losses(&self) -> bool {
        !self.state.accepted.is_empty()
    }

    /// The reader's language.
    pub const fn language(&self) -> Lang {
        self.lang
    }

    /// The page's language.
    pub const fn lang(&self) -> &'static str {
        self.lang.tag()
    }

    /// Which way it is written.
    pub const fn dir(&self) -> &'static str {
        if self.lang.rtl() { "rtl" } else { "ltr" }
    }

    /// Whether it is a page that citizens read: they speak more languages, and pay for each byte.
    pub const fn for_citizens(&self) -> bool {
        self.spoken.len() > Lang::WHOLE.len()
    }

    /// The languages that the page can be had in: tag, its own name for itself, whether it is this one.
    pub fn languages(&self) -> Vec<(&'static str, String, bool)> {
        let named = |lang: &Lang| (lang.tag(), self.state.texts.plain(*lang, "site-language"), *lang == self.lang);
        self.spoken.iter().map(named).collect()
    }

    /// Of what an office wrote in Italian and perhaps in English, what the reader may understand, and
    /// its language.
    pub fn of_both<'a>(&self, it: &'a str, en: &'a str) -> Vec<(&'static str, &'a str)> {
        let written = [(Lang::It.tag(), it), (Lang::En.tag(), en)].into_iter().filter(|(_, text)| !text.is_empty());
        match self.lang {
            Lang::It => written.take(1).collect(),
            Lang::En => written.rev().take(1).collect(),
            _ => written.collect(),
        }
    }

    /// A text.
    pub fn t(&self, key: &str) -> String {
        self.state.texts.plain(self.lang, key)
    }

    /// A text with a value in it.
    pub fn tv(&self, key: &str, name: &str, value: impl AsRef<str>) -> String {
        self.state.texts.get(self.lang, key, &[(name, FluentValue::from(value.as_ref()))])
    }

    /// A text that depends on a number.
    pub fn count(&self, key: &str, count: usize) -> String {
        self.state.texts.get(self.lang, key, &[("count", FluentValue::from(count))])
    }

    /// Whether there is such a text in the page's language.
    pub fn has(&self, key: &str) -> bool {
        self.state.texts.has(self.lang, key)
    }

    /// What is read from left to right, whichever way the text around it runs.
    fn ltr(&self, text: String) -> String {
        if self.lang.rtl() { format!("\u{2066}{text}\u{2069}") } else { text }
    }

    /// Texts for a script, as JSON that may stand inside an element.
    pub fn script(&self, prefixes: &[&str]) -> String {
        let ftl = self.state.texts.script(self.lang, prefixes);
        Value::String(ftl).to_string().replace('<', "\\u003c")
    }

    /// Euro, on one line.
    pub fn money(&self, cents: impl Borrow<i64>) -> String {
        self.ltr(euro(self.lang, *cents.borrow()).replace(' ', NO_BREAK))
    }

    /// Euro that came, with a plus, or went, with a minus that is as wide.
    pub fn change(&self, cents: &i64) -> String {
        let sign = if *cents < 0 { '\u{2212}' } else { '+' };
        self.ltr(format!("{sign}{}", euro(self.lang, cents.abs()).replace(' ', NO_BREAK)))
    }

    /// A day in Rome.
    pub fn date(&self, micros: &i64) -> String {
        self.ltr(day(self.lang, *micros))
    }

    /// A day and a time in Rome.
    pub fn moment(&self, micros: &i64) -> String {
        self.ltr(moment(self.lang, *micros))
    }

    /// Now.
    pub fn now(&self) -> String {
        self.moment(&self.now_us)
    }

    /// What an operation is called.
    pub fn kind(&self, kind: &str) -> String {
        self.t(&format!("kind-{}", kind.replace('_', "-")))
    }

    /// The icons of a page that phones put on their home screen, as its manifest names them.
    pub fn icons(&self) -> Vec<Value> {
        let all = [
            ("app-192.png", "192x192", "any"),
            ("app-512.png", "512x512", "any"),
            ("app-mask.png", "512x512", "maskable"),
        ];
        let icon = |(name, sizes, purpose)| {
            let src = self.asset(name)?;
            Some(json!({"src": src, "sizes": sizes, "type": "image/png", "purpose": purpose}))
        };
        all.into_iter().filter_map(icon).collect()
    }

    /// Where the browser finds a file of the front end; nowhere when the server was built without it.
    pub fn asset(&self, name: &str) -> Option<String> {
        web_files::by_name(name).map(|asset| format!("/assets/{}", asset.path))
    }

    /// Why there is no front end, if so.
    pub const fn missing(&self) -> Option<&'static str> {
        web_files::missing()
    }
}

use ::web as web_files;
