//! Pages without data: home, and the frame of the console, which its script fills.

use super::answer::{Keep, page};
use super::words::Words;
use crate::problem::Problem;
use crate::state::AppState;
use crate::texts::Lang;
use actix_web::http::StatusCode;
use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, get};
use askama::Template;

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(home).service(console);
}

macro_rules! plain_page {
    ($name:ident, $template:ident, $address:literal, $path:literal, $languages:expr) => {
        #[derive(Template)]
        #[template(path = $path)]
        struct $template<'a> {
            w: &'a Words,
        }

        #[get($address)]
        async fn $name(state: Data<AppState>, request: HttpRequest) -> Result<HttpResponse, Problem> {
            let words = Words::among(&$languages, &state, &request);
            page(&request, &words, &$template { w: &words }, (StatusCode::OK, Keep::Everybody))
        }
    };
}

plain_page!(home, HomeTemplate, "/", "home.html", Lang::ALL);
plain_page!(console, ConsoleTemplate, "/console", "console.html", Lang::WHOLE);
