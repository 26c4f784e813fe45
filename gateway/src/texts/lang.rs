//! The languages, and how a reader asks for one.

use actix_web::http::header::HeaderMap;

/// A language that Buono speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// Italian, unless somebody asks for another.
    #[default]
    It,
    /// English.
    En,
    /// French.
    Fr,
    /// Spanish.
    Es,
    /// Romanian.
    Ro,
    /// Arabic, from right to left.
    Ar,
    /// Ukrainian.
    Uk,
    /// Albanian.
    Sq,
}

impl Lang {
    /// Those in which everything is said that a citizen reads.
    pub const ALL: [Self; 8] = [Self::It, Self::En, Self::Fr, Self::Es, Self::Ro, Self::Ar, Self::Uk, Self::Sq];
    /// Those in which everything is said: shops and offices too read them.
    pub const WHOLE: [Self; 2] = [Self::It, Self::En];

    /// Its tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::It => "it",
            Self::En => "en",
            Self::Fr => "fr",
            Self::Es => "es",
            Self::Ro => "ro",
            Self::Ar => "ar",
            Self::Uk => "uk",
            Self::Sq => "sq",
        }
    }

    /// Whether it is written from right to left.
    #[must_use]
    pub const fn rtl(self) -> bool {
        matches!(self, Self::Ar)
    }

    /// The language of a tag such as `en-GB`.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let language = tag.trim().split(['-', '_', ';']).next()?;
        Self::ALL.into_iter().find(|lang| lang.tag().eq_ignore_ascii_case(language))
    }

    /// The languages of `Accept-Language` that Buono speaks, in its order.
    pub fn wished(headers: &HeaderMap) -> impl Iterator<Item = Self> {
        let header = headers.get("accept-language").and_then(|value| value.to_str().ok());
        header.unwrap_or_default().split(',').filter_map(Self::from_tag)
    }

    /// The first of them that is spoken here.
    #[must_use]
    pub fn of(headers: &HeaderMap, spoken: &[Self]) -> Self {
        Self::wished(headers).find(|lang| spoken.contains(lang)).unwrap_or_default()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderValue};

    #[test]
    fn the_first_language_that_is_spoken_is_chosen() {
        let of = |wish: &str, spoken: &[Lang]| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_str(wish).unwrap());
            Lang::of(&headers, spoken)
        };
        assert_eq!(of("ar-MA,ar;q=0.9,fr;q=0.8", &Lang::ALL), Lang::Ar);
        assert_eq!(of("ar-MA, en;q=0.8", &Lang::WHOLE), Lang::En);
        assert_eq!(of("arn, sqi", &Lang::ALL), Lang::It);
        assert_eq!(of("", &Lang::ALL), Lang::It);
        for lang in Lang::ALL {
            assert_eq!(of(&format!("zz, {}-XX;q=0.5", lang.tag().to_uppercase()), &Lang::ALL), lang);
        }
    }
}
