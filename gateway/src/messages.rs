//! The texts of messages to holders.

use crate::directory::{Directory, Snapshot};
use crate::problem::Problem;
use crate::texts::{Lang, Texts, day, euro};
use domain::ids::VoucherId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::keys::{Entropy, Keys};
use store::ledger::{Addressee, Error, Letter};
use store::seal::Sealed;
use uuid::Uuid;
use workers::Pending;
use workers::sms::{Composer, Outgoing};

/// Everything personal about a holder, as it is sealed.
#[derive(Serialize, Deserialize, Default)]
pub struct Personal {
    /// Codice fiscale.
    pub tax_code: Option<String>,
    /// Surname.
    pub surname: String,
    /// Name.
    pub name: String,
    /// E.164.
    pub mobile: Option<String>,
    /// Address.
    pub email: Option<String>,
    /// Lines for an envelope; those who came before there were any have none.
    #[serde(default)]
    pub address: Vec<String>,
    /// Whatever the office wrote.
    pub note: String,
}

impl Personal {
    /// Opens what is sealed.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub fn open(keys: &Keys, person: Uuid, sealed: &Sealed) -> Result<Self, Error> {
        let opened = keys.unseal("person", person, sealed).map_err(|error| Error::Corrupt(error.to_string()))?;
        serde_json::from_slice(&opened).map_err(|error| Error::Corrupt(error.to_string()))
    }

    /// Seals it.
    ///
    /// # Errors
    /// `internal_error` for what is absurdly long.
    pub fn seal(&self, keys: &Keys, person: Uuid, entropy: &dyn Entropy) -> Result<Sealed, Problem> {
        let bytes = serde_json::to_vec(self).map_err(|_| Problem::new("internal_error"))?;
        Ok(keys.seal("person", person, &bytes, entropy)?)
    }

    /// What phone number and e-mail address are found under.
    #[must_use]
    pub fn found_by(&self, keys: &Keys) -> [Option<[u8; 16]>; 2] {
        let index = |kind, text: &Option<String>| text.as_ref().map(|text| keys.blind_index(kind, text));
        [index("phone", &self.mobile), index("email", &self.email)]
    }
}

/// Writes the texts.
pub struct Messages {
    /// Opens what is sealed.
    pub keys: Arc<Keys>,
    /// The catalogue.
    pub texts: Arc<Texts>,
    /// Names of shops and municipalities.
    pub directory: Arc<Directory>,
    /// Where people reach this installation.
    pub base_url: String,
}

impl Messages {
    async fn text(&self, letter: &Letter, lang: Lang) -> Result<Option<String>, Error> {
        let directory = self.directory.knowing(|known| known.programmes.contains_key(&letter.programme_id)).await?;
        let municipality = directory.municipalities.get(&letter.municipality_id).map(|m| m.name.clone());
        let municipality = municipality.unwrap_or_default();
        if letter.template == "voucher_link" {
            return Ok((letter.voucher_status != "closed").then(|| self.link(letter, municipality, lang)));
        }
        let operation = letter.operation.as_ref().ok_or(Error::NotFound)?;
        let knows_shop = |known: &Snapshot| operation.shop_id.is_none_or(|id| known.shops.contains_key(&id));
        let directory = self.directory.knowing(knows_shop).await?;
        let shop = operation.shop_id.and_then(|id| directory.shops.get(&id)).map(|shop| shop.name.clone());
        Ok(Some(self.texts.get(
            lang,
            &format!("sms-{}", letter.template),
            &[
                ("amount", euro(lang, operation.amount_cents).into()),
                ("shop", shop.unwrap_or_default().into()),
                ("balance", euro(lang, operation.balance_after_cents).into()),
            ],
        )))
    }

    /// The link, and the PIN where the programme asks for one.
    fn link(&self, letter: &Letter, municipality: String, lang: Lang) -> String {
        let (voucher, generation) = (VoucherId::new(letter.voucher_id), u32::try_from(letter.generation).unwrap_or(1));
        let programme = self.directory.now().programmes.get(&letter.programme_id).cloned();
        let threshold = programme.and_then(|programme| programme.pin_above_cents);
        let mut values = vec![
            ("municipality", municipality.into()),
            ("amount", euro(lang, letter.balance_cents).into()),
            ("expires", day(lang, letter.expires_at).into()),
            ("link", format!("{}/v#{}", self.base_url, self.keys.token(voucher, generation)).into()),
        ];
        let Some(threshold) = threshold else {
            return self.texts.get(lang, "sms-voucher-link", &values);
        };
        values.push(("pin", self.keys.pin(voucher, generation).into()));
        values.push(("threshold", euro(lang, threshold).into()));
        self.texts.get(lang, "sms-voucher-link-pin", &values)
    }

    async fn write(&self, letter: &Letter) -> Result<Option<Outgoing>, Error> {
        let Some(Addressee { person_id, channel, language, sealed }) = &letter.to else { return Ok(None) };
        let personal = Personal::open(&self.keys, *person_id, sealed)?;
        let to = if channel == "email" { personal.email } else { personal.mobile };
        let lang = Lang::from_tag(language).unwrap_or_default();
        let Some(to) = to else { return Ok(None) };
        Ok(self.text(letter, lang).await?.map(|text| Outgoing { channel: channel.clone(), to, text }))
    }
}

impl Composer for Messages {
    fn compose<'a>(&'a self, letter: &'a Letter) -> Pending<'a, Result<Option<Outgoing>, Error>> {
        Box::pin(self.write(letter))
    }
}
