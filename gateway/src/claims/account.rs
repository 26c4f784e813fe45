//! Where a shop is paid, and what else is personal in it: sealed.

use crate::imports::ShopContacts;
use crate::problem::Problem;
use crate::state::AppState;
use domain::contacts::Iban;
use store::ledger::{Error, ShopRow};
use store::seal::Sealed;
use uuid::Uuid;

/// What is personal in a shop.
///
/// # Errors
/// When the ledger does not answer.
pub async fn contacts(state: &AppState, shop: Uuid) -> Result<ShopContacts, Problem> {
    opened(state, shop, &state.everything().sealed_shop(shop).await?)
}

fn opened(state: &AppState, shop: Uuid, sealed: &Sealed) -> Result<ShopContacts, Problem> {
    let opened = state.keys.unseal("shop", shop, sealed).map_err(|_| Problem::new("internal_error"))?;
    serde_json::from_slice(&opened).map_err(|_| Problem::new("internal_error"))
}

/// Writes down where a shop is paid from now on.
///
/// # Errors
/// `conflict` when somebody else changed it meanwhile.
pub async fn change_account(state: &AppState, shop: &ShopRow, iban: &Iban) -> Result<(), Problem> {
    let was = state.everything().sealed_shop(shop.id).await?;
    let contacts = ShopContacts { iban: Some(iban.as_str().to_owned()), ..opened(state, shop.id, &was)? };
    let bytes = serde_json::to_vec(&contacts).map_err(|_| Problem::new("internal_error"))?;
    let now = state.keys.seal("shop", shop.id, &bytes, &state.entropy())?;
    match state.town(shop.municipality_id).reseal_shop(shop.municipality_id, shop.id, &was, &now).await {
        Err(Error::NotFound) => Err(Problem::new("conflict")),
        changed => Ok(changed?),
    }
}
