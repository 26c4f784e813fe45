//! Who can use the pages, who cannot, and what their municipality says about it.

use super::answer::{Keep, page, trouble};
use super::words::Words;
use crate::problem::Problem;
use crate::state::AppState;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, get};
use askama::Template;
use store::ledger::MunicipalityRow;
use uuid::Uuid;

const OF_ALL: &str = "/accessibilita";

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(of_all).service(of_one);
}

#[derive(Template)]
#[template(path = "accessibility.html")]
struct Statement<'a> {
    w: &'a Words,
    /// Whose it is.
    town: Option<&'a MunicipalityRow>,
    /// Of whom there are others.
    towns: &'a [&'a MunicipalityRow],
}

/// Where there is one municipality, it is that one's.
#[get("/accessibilita")]
async fn of_all(state: Data<AppState>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let directory = state.directory.now();
    let mut towns: Vec<_> = directory.municipalities.values().collect();
    towns.sort_by_key(|town| (&town.name, town.id));
    match towns[..] {
        [town] => show(&state, &request, Some(town), &[]),
        _ => show(&state, &request, None, &towns),
    }
}

#[get("/accessibilita/{municipality}")]
async fn of_one(state: Data<AppState>, request: HttpRequest, path: Path<Uuid>) -> Result<HttpResponse, Problem> {
    match state.directory.now().municipalities.get(&path) {
        Some(town) => show(&state, &request, Some(town), &[]),
        None => Ok(trouble(&request, &Words::of(&state, &request), &Problem::new("not_found"), OF_ALL)),
    }
}

fn show(
    state: &Data<AppState>,
    request: &HttpRequest,
    town: Option<&MunicipalityRow>,
    towns: &[&MunicipalityRow],
) -> Result<HttpResponse, Problem> {
    let words = Words::of(state, request);
    page(request, &words, &Statement { w: &words, town, towns }, (StatusCode::OK, Keep::Everybody))
}
