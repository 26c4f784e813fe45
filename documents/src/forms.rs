//! The kinds of documents and what each of them says. Amounts, dates and moments come as the reader writes them.

use serde::Serialize;

/// A kind of document.
pub trait Form: Serialize {
    /// The template that sets it.
    const TEMPLATE: &'static str;
}

/// A shop where a voucher can be spent.
#[derive(Clone, Debug, Serialize)]
pub struct Shop {
    /// Its name.
    pub name: String,
    /// What it sells.
    pub category: String,
    /// Street and town.
    pub address: String,
}

/// A voucher on paper. The PIN is never on it.
#[derive(Clone, Debug, Serialize)]
pub struct Sheet {
    /// Who gives it.
    pub municipality: String,
    /// Under which programme.
    pub programme: String,
    /// Lines for the window of an envelope; none where the holder prints.
    pub recipient: Vec<String>,
    /// What is left.
    pub balance: String,
    /// "Balance at", with the moment of print.
    pub balance_at: String,
    /// "Until", with the last day.
    pub until: String,
    /// Why it cannot be spent now, if so.
    pub warning: Option<String>,
    /// The QR as an SVG.
    pub qr: String,
    /// To be typed at the till.
    pub code: String,
    /// Where it can be spent.
    pub shops: Vec<Shop>,
    /// What can be bought.
    pub rules: String,
    /// Where to ask.
    pub contacts: Vec<String>,
}

/// Vouchers on A4, a page or more for each.
#[derive(Clone, Debug, Serialize)]
pub struct Sheets {
    /// In their order.
    pub sheets: Vec<Sheet>,
}

impl Form for Sheets {
    const TEMPLATE: &'static str = "sheets.typ";
}

/// A voucher of the size of a bank card, to be cut out and folded.
impl Form for Sheet {
    const TEMPLATE: &'static str = "card.typ";
}

/// One line of a shop's list.
#[derive(Clone, Debug, Serialize)]
pub struct Operation {
    /// Day and time.
    pub at: String,
    /// To read aloud.
    pub receipt_code: String,
    /// Payment, reversal and so on.
    pub kind: String,
    /// At which till.
    pub till: String,
    /// Who was there; empty for nobody in particular.
    pub staff: String,
    /// What was taken, or given back when it begins with a minus.
    pub amount: String,
}

/// The sum of a day, of a till, or of whoever was there.
#[derive(Clone, Debug, Serialize)]
pub struct Total {
    /// Of what.
    pub of: String,
    /// Of how many operations.
    pub count: u64,
    /// The sum.
    pub amount: String,
}

/// What a shop took in some days.
#[derive(Clone, Debug, Serialize)]
pub struct Operations {
    /// Name, legal name, numbers.
    pub shop: Vec<String>,
    /// From when to when.
    pub period: String,
    /// Whose alone it is; none where it is everybody's.
    pub only: Option<String>,
    /// When it was made.
    pub made_at: String,
    /// The lines, in their order.
    pub operations: Vec<Operation>,
    /// For each day.
    pub days: Vec<Total>,
    /// For each till.
    pub tills: Vec<Total>,
    /// For whoever was there; none, and no column, where nobody says who that was.
    pub staff: Vec<Total>,
    /// Everything.
    pub total: String,
}

impl Form for Operations {
    const TEMPLATE: &'static str = "operations.typ";
}

/// What a shop asks the municipality to pay.
#[derive(Clone, Debug, Serialize)]
pub struct Claim {
    /// The claim's number.
    pub number: String,
    /// When it was sealed.
    pub sealed_at: String,
    /// From when to when.
    pub period: String,
    /// Who asks: name, legal name, address, numbers.
    pub shop: Vec<String>,
    /// Who is to pay.
    pub municipality: Vec<String>,
    /// Where to; none while the shop has given none.
    pub iban: Option<String>,
    /// For each day.
    pub days: Vec<Total>,
    /// Everything.
    pub total: String,
    /// What the law makes it say.
    pub note: String,
    /// The hash over the sealed lines.
    pub seal: String,
}

impl Form for Claim {
    const TEMPLATE: &'static str = "claim.typ";
}
