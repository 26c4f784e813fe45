//! Every text that a person reads, from one catalogue: `locales/*.ftl`, inside the binary.

use actix_web::http::header::HeaderMap;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

const SOURCES: [(Lang, &str); 2] =
    [(Lang::It, include_str!("../locales/it.ftl")), (Lang::En, include_str!("../locales/en.ftl"))];

/// A language that Buono speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// Italian, unless somebody asks for another.
    #[default]
    It,
    /// English.
    En,
}

impl Lang {
    /// Its tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::It => "it",
            Self::En => "en",
        }
    }

    /// The language of a tag such as `en-GB`.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        match tag.trim().get(..2)?.to_ascii_lowercase().as_str() {
            "it" => Some(Self::It),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// The first language of `Accept-Language` that Buono speaks.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let header = headers.get("accept-language").and_then(|value| value.to_str().ok());
        header.and_then(|list| list.split(',').find_map(Self::from_tag)).unwrap_or_default()
    }
}

/// The catalogue.
pub struct Texts {
    bundles: [FluentBundle<FluentResource>; 2],
}

impl Default for Texts {
    fn default() -> Self {
        Self { bundles: SOURCES.map(|(lang, source)| bundle(lang, source)) }
    }
}

fn bundle(lang: Lang, source: &str) -> FluentBundle<FluentResource> {
    let mut bundle = FluentBundle::new_concurrent(vec![lang.tag().parse().unwrap_or_default()]);
    bundle.set_use_isolating(false);
    let resource = match FluentResource::try_new(source.to_owned()) {
        Ok(resource) => resource,
        // a test parses the catalogue; what could be read is still better than nothing
        Err((resource, _)) => resource,
    };
    bundle.add_resource_overriding(resource);
    bundle
}

impl Texts {
    /// The text, or the key itself where the catalogue has none.
    #[must_use]
    pub fn get(&self, lang: Lang, key: &str, values: &[(&str, FluentValue<'_>)]) -> String {
        let bundle = &self.bundles[lang as usize];
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
            return key.to_owned();
        };
        let mut args = FluentArgs::new();
        for (name, value) in values {
            args.set(*name, value.clone());
        }
        bundle.format_pattern(pattern, Some(&args), &mut Vec::new()).into_owned()
    }

    /// The text without values.
    #[must_use]
    pub fn plain(&self, lang: Lang, key: &str) -> String {
        self.get(lang, key, &[])
    }

    /// The part of the catalogue that a script speaks: the messages whose keys begin so, as they
    /// are written, for the same formatter in the browser.
    #[must_use]
    pub fn script(&self, lang: Lang, prefixes: &[&str]) -> String {
        let source = SOURCES[lang as usize].1;
        let mut wanted = false;
        let lines = source.lines().filter(|line| {
            // the lines of a message that do not begin it are indented
            if !line.starts_with([' ', '}']) {
                wanted = prefixes.iter().any(|prefix| line.starts_with(prefix));
            }
            wanted
        });
        lines.fold(String::new(), |text, line| text + line + "\n")
    }

    /// Whether the catalogue has the key.
    #[must_use]
    pub fn has(&self, lang: Lang, key: &str) -> bool {
        self.bundles[lang as usize].has_message(key)
    }
}

/// Euro as people write them: `20,50 €` in Italian, `€20.50` in English.
#[must_use]
pub fn euro(lang: Lang, cents: i64) -> String {
    let (sign, whole, rest) = (if cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100);
    match lang {
        Lang::It => format!("{sign}{whole},{rest:02} €"),
        Lang::En => format!("{sign}€{whole}.{rest:02}"),
    }
}

/// A day as people write it, in Rome.
#[must_use]
pub fn day(lang: Lang, micros: i64) -> String {
    let date = domain::rome::date(domain::clock::Timestamp::from_micros(micros));
    match lang {
        Lang::It => format!("{:02}/{:02}/{}", date.day(), date.month(), date.year()),
        Lang::En => date.strftime("%-d %B %Y").to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn keys(source: &str) -> BTreeSet<&str> {
        source
            .lines()
            .filter_map(|line| line.split_once(" = "))
            .map(|(key, _)| key)
            .filter(|key| key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
            .collect()
    }

    #[test]
    fn the_catalogue_is_whole_in_both_languages() {
        for (lang, source) in SOURCES {
            assert!(FluentResource::try_new(source.to_owned()).is_ok(), "{lang:?} does not parse");
        }
        assert_eq!(keys(SOURCES[0].1), keys(SOURCES[1].1));
    }

    #[test]
    fn a_script_gets_the_whole_messages_that_it_speaks_and_no_others() {
        for lang in [Lang::It, Lang::En] {
            let part = Texts::default().script(lang, &["till-"]);
            let (alone, whole) = (bundle(lang, &part), Texts::default());
            let spoken: Vec<_> =
                keys(SOURCES[lang as usize].1).into_iter().filter(|key| key.starts_with("till-")).collect();
            assert!(!spoken.is_empty() && spoken.iter().all(|key| alone.has_message(key)));
            assert_eq!(keys(&part).len(), spoken.len());
            assert!(whole.has(lang, "page-title") && !alone.has_message("page-title"));
        }
    }

    #[test]
    fn money_and_days_are_written_as_people_do() {
        assert_eq!(euro(Lang::It, 2050), "20,50 €");
        assert_eq!(euro(Lang::En, 7), "€0.07");
        assert_eq!(day(Lang::It, 0), "01/01/1970");
    }
}
