//! Links that open a map with a shop on it: the phone's own where it has one.

use crate::citizen::view::ShopView;
use actix_web::HttpRequest;
use actix_web::http::header::USER_AGENT;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// What the browser says of itself.
pub(super) fn agent(request: &HttpRequest) -> &str {
    request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default()
}

/// Which map the reader's device opens by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maps {
    /// Android: `geo:`.
    Geo,
    /// Apple's devices: `maps:`.
    Apple,
    /// None that we know of: a site, which is asked for nothing before somebody taps.
    Site,
}

impl Maps {
    /// As far as the browser tells.
    pub fn of(request: &HttpRequest) -> Self {
        let agent = agent(request);
        if agent.contains("Android") {
            Self::Geo
        } else if ["iPhone", "iPad", "Macintosh"].iter().any(|device| agent.contains(device)) {
            Self::Apple
        } else {
            Self::Site
        }
    }

    /// Where a shop is on it: its point where the municipality has said it, else its address.
    pub fn link(self, shop: &ShopView) -> String {
        let escaped = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let address = escaped(&format!("{}, {}", shop.address, shop.town));
        match (self, shop.lat.zip(shop.lon)) {
            (Self::Geo, Some((lat, lon))) => format!("geo:{lat},{lon}?q={lat},{lon}({})", escaped(&shop.name)),
            (Self::Geo, None) => format!("geo:0,0?q={address}"),
            (Self::Apple, Some((lat, lon))) => format!("maps:?ll={lat},{lon}&q={}", escaped(&shop.name)),
            (Self::Apple, None) => format!("maps:?q={address}"),
            (Self::Site, Some((lat, lon))) => {
                format!("https://www.openstreetmap.org/?mlat={lat}&mlon={lon}#map=18/{lat}/{lon}")
            }
            (Self::Site, None) => format!("https://www.openstreetmap.org/search?query={address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn each_device_gets_its_own_map() {
        let mut shop = ShopView {
            name: "Pane & Co".into(),
            category: String::new(),
            address: "Via Roma 1".into(),
            town: "Forlì".into(),
            lat: Some(44.5),
            lon: Some(-10.25),
        };
        let of = |agent: &str| Maps::of(&TestRequest::default().insert_header((USER_AGENT, agent)).to_http_request());
        let android = of("Mozilla/5.0 (Linux; Android 8.1.0; SM-J530F)");
        let apple = of("Mozilla/5.0 (iPhone; CPU iPhone OS 12_5 like Mac OS X)");
        let desk = of("Mozilla/5.0 (X11; Linux x86_64)");
        assert_eq!(android.link(&shop), "geo:44.5,-10.25?q=44.5,-10.25(Pane%20%26%20Co)");
        assert_eq!(apple.link(&shop), "maps:?ll=44.5,-10.25&q=Pane%20%26%20Co");
        assert_eq!(desk.link(&shop), "https://www.openstreetmap.org/?mlat=44.5&mlon=-10.25#map=18/44.5/-10.25");
        (shop.lat, shop.lon) = (None, None);
        assert_eq!(android.link(&shop), "geo:0,0?q=Via%20Roma%201%2C%20Forl%C3%AC");
        assert_eq!(apple.link(&shop), "maps:?q=Via%20Roma%201%2C%20Forl%C3%AC");
        assert_eq!(desk.link(&shop), "https://www.openstreetmap.org/search?query=Via%20Roma%201%2C%20Forl%C3%AC");
    }
}
