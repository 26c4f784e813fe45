//! Every text that a person reads, from one catalogue: `locales/*.ftl`, inside the binary.
//!
//! Italian and English have all of it. The other languages have what citizens read; a test demands just
//! that of them. To add a language: its file, its line in [`SOURCES`], and [`Lang`].

mod figures;
mod lang;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use std::collections::BTreeMap;

pub use figures::{day, euro, moment};
pub use lang::Lang;

/// In the order of [`Lang::ALL`].
const SOURCES: [&str; Lang::ALL.len()] = [
    include_str!("../locales/it.ftl"),
    include_str!("../locales/en.ftl"),
    include_str!("../locales/fr.ftl"),
    include_str!("../locales/es.ftl"),
    include_str!("../locales/ro.ftl"),
    include_str!("../locales/ar.ftl"),
    include_str!("../locales/uk.ftl"),
    include_str!("../locales/sq.ftl"),
];

/// The catalogue.
pub struct Texts {
    bundles: [FluentBundle<FluentResource>; Lang::ALL.len()],
}

impl Default for Texts {
    fn default() -> Self {
        Self { bundles: Lang::ALL.map(|lang| bundle(lang, SOURCES[lang as usize])) }
    }
}

fn bundle(lang: Lang, source: &str) -> FluentBundle<FluentResource> {
    let mut bundle = FluentBundle::new_concurrent(vec![lang.tag().parse().unwrap_or_default()]);
    // an SMS has no isolating characters; pages isolate what needs it
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
        let source = SOURCES[lang as usize];
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

    /// All texts whose keys begin so, those without values filled in.
    #[must_use]
    pub fn all(&self, lang: Lang, prefix: &str) -> BTreeMap<String, String> {
        let keys = SOURCES[lang as usize].lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key);
        keys.filter(|key| key.starts_with(prefix)).map(|key| (key.to_owned(), self.plain(lang, key))).collect()
    }

    /// Whether the catalogue has the key.
    #[must_use]
    pub fn has(&self, lang: Lang, key: &str) -> bool {
        self.bundles[lang as usize].has_message(key)
    }
}

#[cfg(test)]
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
    fn the_catalogue_can_be_read_and_is_whole_where_it_must_be() {
        for (lang, source) in Lang::ALL.into_iter().zip(SOURCES) {
            assert!(FluentResource::try_new(source.to_owned()).is_ok(), "{lang:?} does not parse");
        }
        assert_eq!(keys(SOURCES[0]), keys(SOURCES[1]));
    }

    #[test]
    fn a_script_gets_the_whole_messages_that_it_speaks_and_no_others() {
        for lang in Lang::WHOLE {
            let part = Texts::default().script(lang, &["till-"]);
            let (alone, whole) = (bundle(lang, &part), Texts::default());
            let spoken: Vec<_> =
                keys(SOURCES[lang as usize]).into_iter().filter(|key| key.starts_with("till-")).collect();
            assert!(!spoken.is_empty() && spoken.iter().all(|key| alone.has_message(key)));
            assert_eq!(keys(&part).len(), spoken.len());
            assert!(whole.has(lang, "page-title") && !alone.has_message("page-title"));
        }
    }

    #[test]
    fn every_language_counts_in_its_own_way() {
        let texts = Texts::default();
        let shops = |lang, count: i64| texts.get(lang, "page-shops-count", &[("count", count.into())]);
        let ways =
            |lang| (0..=120).map(|count| shops(lang, count).replace(char::is_numeric, "")).collect::<BTreeSet<_>>();
        for (lang, forms) in Lang::ALL.into_iter().zip([2, 2, 2, 2, 3, 6, 3, 2]) {
            assert_eq!(ways(lang).len(), forms, "{lang:?}: {:?}", ways(lang));
        }
        // 21 shop, 22 shops, 25 of shops
        assert_eq!(shops(Lang::Uk, 21), "Його приймає 21 магазин.");
        assert_eq!(shops(Lang::Uk, 22), "Його приймають 22 магазини.");
        assert_eq!(shops(Lang::Uk, 25), "Його приймають 25 магазинів.");
        assert_eq!(shops(Lang::Ro, 20), "Îl primesc 20 de magazine.");
        assert_eq!(shops(Lang::Ar, 11), "يقبلها 11 متجراً.");
    }
}
