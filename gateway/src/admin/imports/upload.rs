//! The two uploads: a file is read only once its sender is known, and only up to the limit.

use super::report::{DryRun, File, dry_run};
use crate::auth::{Staff, Works};
use crate::problem::Problem;
use crate::state::AppState;
use crate::texts::Lang;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::Deserialize;
use uuid::Uuid;

const SHOPS_CSV: &str = "riferimento;insegna;ragione_sociale;partita_iva;indirizzo;comune\n\
    ES-001;Forno Bianchi;Bianchi Anna & C. snc;00743110157;Via Roma 1;Borgo San Rocco\n";
const FAMILIES_CSV: &str = "riferimento;cognome;nome;importo;canale\n2026/0001;Rossi;Maria;50,00;carta\n";

/// The largest upload.
const UPLOAD_BYTES_MAX: usize = 8 << 20;

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Shops {
    /// What the file is called, for the list.
    #[serde(default)]
    file_name: String,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Beneficiaries {
    /// The programme that the vouchers will belong to.
    programme_id: Uuid,
    /// What the file is called, for the list.
    #[serde(default)]
    file_name: String,
}

async fn whole(payload: web::Payload) -> Result<Bytes, Problem> {
    match payload.to_bytes_limited(UPLOAD_BYTES_MAX).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => Err(Problem::new("bad_request").with("reason", error.to_string())),
        Err(_) => Err(Problem::new("payload_too_large").with("bytes_max", UPLOAD_BYTES_MAX)),
    }
}

/// Looks at an upload of shops
///
/// Nothing is changed yet: the answer says what is wrong with which row, and what applying the file
/// would make. CSV (`;` or `,`, UTF-8 or windows-1252, decimal comma or point) or XLSX, whichever
/// the bytes are: the declared type does not matter.
///
/// Columns, in any order, with a header row: `riferimento`, `insegna`, `ragione_sociale`, `partita_iva`,
/// `codice_fiscale`, `pec`, `email`, `telefono`, `indirizzo`, `cap`, `comune`, `provincia`, `categoria`,
/// `iban`, `intestatario`, `referente_nome`, `referente_cellulare`, `lat`, `lon`. Needed: `insegna`,
/// `ragione_sociale`, `partita_iva` or `codice_fiscale`, `indirizzo`, `comune`.
#[utoipa::path(tag = "imports", operation_id = "upload_shops", params(Shops),
    request_body(description = "The file, at most 8 MiB", content(
        (String = "text/csv", example = json!(SHOPS_CSV)),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
    responses((status = 201, description = "The dry run, kept until somebody decides", body = DryRun)),
    extensions(("x-roles" = json!(Works::ROLES)), ("x-problems" = json!(["file_unreadable"]))))]
#[post("/v1/admin/shops/import")]
pub(super) async fn shops(
    state: web::Data<AppState>,
    staff: Staff<Works>,
    request: HttpRequest,
    query: web::Query<Shops>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let bytes = whole(payload).await?;
    let file = File { municipality: staff.municipality()?, programme: None, name: &query.file_name, bytes };
    let done = dry_run(&state, Some(staff.user), &file).await?;
    Ok(HttpResponse::Created().json(done.worded(&state.texts, Lang::of(request.headers(), &Lang::WHOLE))))
}

/// Looks at an upload of families
///
/// As for shops; the right rows will become holders with a voucher each.
///
/// Columns: `riferimento`, `codice_fiscale`, `cognome`, `nome`, `cellulare`, `email`, `lingua`,
/// `componenti`, `minori`, `importo`, `scadenza`, `canale` (`sms`, `email` or `carta`), `note`,
/// and for the window of an envelope `indirizzo`, `cap`, `comune`, `provincia`. Needed:
/// `riferimento` or `codice_fiscale`, `importo`, and a `cellulare` or `email` unless `canale` is `carta`.
#[utoipa::path(tag = "imports", operation_id = "upload_beneficiaries", params(Beneficiaries),
    request_body(description = "The file, at most 8 MiB", content(
        (String = "text/csv", example = json!(FAMILIES_CSV)),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
    responses((status = 201, description = "The dry run, kept until somebody decides", body = DryRun)),
    extensions(("x-roles" = json!(Works::ROLES)),
        ("x-problems" = json!(["file_unreadable", "not_found"]))))]
#[post("/v1/admin/beneficiaries/import")]
pub(super) async fn beneficiaries(
    state: web::Data<AppState>,
    staff: Staff<Works>,
    request: HttpRequest,
    query: web::Query<Beneficiaries>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let bytes = whole(payload).await?;
    let programme = Some(query.programme_id);
    let file = File { municipality: staff.municipality()?, programme, name: &query.file_name, bytes };
    let done = dry_run(&state, Some(staff.user), &file).await?;
    Ok(HttpResponse::Created().json(done.worded(&state.texts, Lang::of(request.headers(), &Lang::WHOLE))))
}
