//! The texts of a page in its reader's language.

use crate::state::AppState;
use crate::texts::{Lang, day, euro};
use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::{HttpRequest, web};
use domain::clock::Timestamp;
use domain::rome;
use fluent_bundle::FluentValue;
use std::borrow::Borrow;
use std::sync::Arc;

/// Keeps the chosen language.
const COOKIE: &str = "lang";
/// How long a choice of language stays.
const STAYS: Duration = Duration::days(365);

/// What templates ask for texts, numbers and dates.
pub struct Words {
    state: Arc<AppState>,
    lang: Lang,
    /// The reader has just chosen the language: the answer keeps the choice.
    chosen: bool,
    now_us: i64,
}

impl Words {
    /// The language that was chosen a moment ago or earlier, else the browser's.
    pub fn of(state: &web::Data<AppState>, request: &HttpRequest) -> Self {
        let asked = request.query_string().split('&').find_map(|pair| pair.strip_prefix("lang="));
        let now = asked.and_then(Lang::from_tag);
        let earlier = || request.cookie(COOKIE).and_then(|cookie| Lang::from_tag(cookie.value()));
        let lang = now.or_else(earlier).unwrap_or_else(|| Lang::of(request.headers()));
        Self { state: Arc::clone(state), lang, chosen: now.is_some(), now_us: state.clock.now().micros() }
    }

    /// What makes a choice stay; nothing but a language is in it.
    pub fn cookie(&self) -> Option<Cookie<'static>> {
        let cookie = Cookie::build(COOKIE, self.lang.tag()).path("/").http_only(true).max_age(STAYS);
        let cookie = cookie.same_site(SameSite::Lax).secure(self.state.base_url.starts_with("https://"));
        self.chosen.then(|| cookie.finish())
    }

    /// Whether the installation runs although answered payments can be lost.
    pub fn risks_losses(&self) -> bool {
        !self.state.accepted.is_empty()
    }

    /// The page's language.
    pub const fn lang(&self) -> &'static str {
        self.lang.tag()
    }

    /// The language that the switch leads to.
    pub const fn other(&self) -> &'static str {
        match self.lang {
            Lang::It => Lang::En.tag(),
            Lang::En => Lang::It.tag(),
        }
    }

    /// Of two texts that an office wrote, the one in the page's language.
    pub const fn of_both<'a>(&self, it: &'a str, en: &'a str) -> &'a str {
        match self.lang {
            Lang::En if !en.is_empty() => en,
            _ => it,
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

    /// Texts for a script, as JSON that may stand inside an element.
    pub fn script(&self, prefixes: &[&str]) -> String {
        let ftl = self.state.texts.script(self.lang, prefixes);
        serde_json::Value::String(ftl).to_string().replace('<', "\\u003c")
    }

    /// Euro.
    pub fn money(&self, cents: impl Borrow<i64>) -> String {
        euro(self.lang, *cents.borrow())
    }

    /// Euro that came, with a plus, or went, with a minus that is as wide.
    pub fn change(&self, cents: &i64) -> String {
        let sign = if *cents < 0 { '\u{2212}' } else { '+' };
        format!("{sign}{}", euro(self.lang, cents.abs()))
    }

    /// A day in Rome.
    pub fn date(&self, micros: &i64) -> String {
        day(self.lang, *micros)
    }

    /// A day and a time in Rome.
    pub fn moment(&self, micros: &i64) -> String {
        let at = rome::local(Timestamp::from_micros(*micros));
        format!("{} {}", day(self.lang, *micros), at.strftime("%H:%M"))
    }

    /// Now.
    pub fn now(&self) -> String {
        self.moment(&self.now_us)
    }

    /// What an operation is called.
    pub fn kind(&self, kind: &str) -> String {
        self.t(&format!("kind-{}", kind.replace('_', "-")))
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
