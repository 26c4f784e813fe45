//! What many answers have in common: instants, pages of lists, texts of a reasonable length.

use crate::problem::Problem;
use domain::clock::Timestamp;
use domain::voucher::{Decline, Kind, Life};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt::Write;
use std::marker::PhantomData;
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use uuid::Uuid;

/// Items of a page, unless somebody asks for fewer or more.
pub const PAGE: i64 = 100;
/// Items of a page at most.
pub const PAGE_MAX: i64 = 500;

/// An instant, from the ledger's microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instant(pub i64);

impl From<Timestamp> for Instant {
    fn from(at: Timestamp) -> Self {
        Self(at.micros())
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&rfc3339(Timestamp::from_micros(self.0)))
    }
}

impl utoipa::PartialSchema for Instant {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("An instant, RFC 3339 in UTC."));
        text.build().into()
    }
}

impl utoipa::ToSchema for Instant {}

/// The name of a kind in answers.
#[must_use]
pub const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Redeem => "redemption",
        Kind::Reverse => "reversal",
        other => other.code(),
    }
}

/// An instant, RFC 3339 UTC.
#[must_use]
pub fn rfc3339(at: Timestamp) -> String {
    let mut text = String::with_capacity(32);
    if let Ok(at) = jiff::Timestamp::from_microsecond(at.micros()) {
        // writing to a String cannot fail
        let _ = write!(text, "{at}");
    }
    text
}

/// A day in Rome, or an instant, RFC 3339; for the document only.
pub struct DayOrInstant;

impl utoipa::PartialSchema for DayOrInstant {
    fn schema() -> RefOr<Schema> {
        let text =
            |format| ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(format)));
        let either = AnyOfBuilder::new().item(text(KnownFormat::Date)).item(text(KnownFormat::DateTime));
        RefOr::T(either.build().into())
    }
}

impl utoipa::ToSchema for DayOrInstant {}

/// How nobody in particular is written where a member of staff could be.
pub const NOBODY: &str = "none";

/// A member of a shop's staff, or nobody in particular; for the document only.
pub struct StaffOrNone;

impl utoipa::PartialSchema for StaffOrNone {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let one = text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
        let one = one.description(Some("A member of the shop's staff, also one who has left."));
        let nobody = text().enum_values(Some([NOBODY]));
        let nobody = nobody.description(Some("Nobody: taken while nobody had said who was at the till."));
        RefOr::T(AnyOfBuilder::new().item(one).item(nobody).build().into())
    }
}

impl utoipa::ToSchema for StaffOrNone {}

/// Declares texts that are one of a few stable names, for the document only.
macro_rules! words {
    ($($(#[doc = $doc:literal])+ $name:ident = $values:expr;)+) => {$(
        $(#[doc = $doc])+
        pub struct $name;

        impl utoipa::PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let doc = concat!($($doc),+).trim();
                let words = ObjectBuilder::new().schema_type(Type::String).enum_values(Some($values));
                words.description(Some(doc)).build().into()
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    )+};
}

words! {
    /// What happened to a voucher.
    OperationKind = Kind::ALL.iter().map(|kind| kind_name(*kind));
    /// Why a till was told no, for ever, under its key.
    DeclineCode = Decline::ALL.iter().map(|decline| decline.code());
    /// Where a voucher is in its life.
    VoucherLife = [Life::Active, Life::Blocked, Life::Expired, Life::Closed].map(Life::code);
    /// What a voucher is good for at this moment.
    VoucherStatus = ["active", "blocked", "expired", "closed", "not_yet_valid", "reissued", "suspended"];
    /// Whether a shop takes vouchers.
    ShopStatus = ["enabled", "suspended"];
    /// Whether a programme's vouchers can be spent.
    ProgrammeStatus = ["active", "suspended", "closed"];
    /// How a holder is reached.
    Channel = ["sms", "email", "paper"];
    /// Whether somebody has answered.
    TicketStatus = ["open", "answered"];
}

/// What [`text`] accepts: a character that is neither space nor control, and no control but a new line.
const TEXT: &str = "^[^\\u0000-\\u0009\\u000B-\\u001F\\u007F-\\u009F]*[^\\s\\u0000-\\u001F\\u007F-\\u009F]\
                    [^\\u0000-\\u0009\\u000B-\\u001F\\u007F-\\u009F]*$";

/// Declares texts of at most so many characters, for the document only.
macro_rules! texts {
    ($($name:ident = $max:literal;)+) => {$(
        #[doc = concat!("A text of at most ", $max, " characters.")]
        pub struct $name;

        impl utoipa::PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let text = ObjectBuilder::new().schema_type(Type::String).max_length(Some($max)).pattern(Some(TEXT));
                let doc = concat!("Says something, in at most ", $max, " characters.");
                text.description(Some(doc)).build().into()
            }
        }

        impl utoipa::ToSchema for $name {}
    )+};
}

texts! {
    Text40 = 40;
    Text60 = 60;
    Text120 = 120;
    Text200 = 200;
    Text500 = 500;
    Text2000 = 2000;
}

/// An object of JSON that may be empty: serde would read a list, too, and take its nulls for what is not said.
pub struct Object<T>(T);

impl<T> std::ops::Deref for Object<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = Object<T>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(Fields(PhantomData))
    }
}

/// A page of a list.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Listed<T> {
    /// The page.
    pub items: Vec<T>,
    /// Where the next page begins; null on the last.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
}

impl<T> Listed<T> {
    /// A page of rows that were asked for with `limit`: there may be more after a full one.
    pub fn page<R>(rows: Vec<R>, limit: i64, cursor: impl Fn(&R) -> String, item: impl Fn(R) -> T) -> Self {
        let full = i64::try_from(rows.len()).unwrap_or(0) == limit;
        let next_cursor = rows.last().filter(|_| full).map(cursor);
        Self { items: rows.into_iter().map(item).collect(), next_cursor }
    }

    /// A page of what is in memory as a whole, in a fixed order.
    ///
    /// # Errors
    /// `not_found` for a cursor that is no item of this list, or none any more.
    pub fn of_all<R>(all: &[R], page: &Page, id: impl Fn(&R) -> Uuid, item: impl Fn(&R) -> T) -> Result<Self, Problem> {
        let missing = || Problem::new("not_found").with("field", "cursor");
        let first = match page.cursor {
            None => 0,
            Some(cursor) => all.iter().position(|row| id(row) == cursor).ok_or_else(missing)? + 1,
        };
        let rest = all.get(first..).unwrap_or_default();
        let shown = &rest[..rest.len().min(usize::try_from(page.limit()?).unwrap_or(0))];
        let next_cursor = shown.last().filter(|_| shown.len() < rest.len()).map(|row| id(row).to_string());
        Ok(Self { items: shown.iter().map(item).collect(), next_cursor })
    }
}

impl<T> Listed<Result<T, Problem>> {
    /// The page, unless one of its items cannot be shown.
    ///
    /// # Errors
    /// Whatever is the matter with the first of these.
    pub fn whole(self) -> Result<Listed<T>, Problem> {
        let items = self.items.into_iter().collect::<Result<_, _>>()?;
        Ok(Listed { items, next_cursor: self.next_cursor })
    }
}

/// Which part of a list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// Items of a page.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<Uuid>,
}

impl Page {
    /// How many items.
    ///
    /// # Errors
    /// `bad_request` with the field.
    pub fn limit(&self) -> Result<i64, Problem> {
        limit(self.limit)
    }

    /// First first: everything comes after this.
    #[must_use]
    pub fn after(&self) -> Uuid {
        self.cursor.unwrap_or_default()
    }

    /// Newest first: everything comes before this.
    #[must_use]
    pub fn before(&self) -> Uuid {
        self.cursor.unwrap_or(Uuid::max())
    }
}

/// How many items a page has.
///
/// # Errors
/// `bad_request` with the field.
pub fn limit(asked: Option<i64>) -> Result<i64, Problem> {
    let limit = asked.unwrap_or(PAGE);
    if (1..=PAGE_MAX).contains(&limit) { Ok(limit) } else { Err(Problem::new("bad_request").with("field", "limit")) }
}

/// An address that a link may lead to without surprises.
///
/// # Errors
/// `bad_request` with the field.
pub fn web_address(value: &str, field: &str) -> Result<String, Problem> {
    let address = text(value, 500, field)?;
    let place = ["https://", "http://"].iter().find_map(|scheme| address.strip_prefix(scheme));
    let leads_somewhere = place.is_some_and(|place| !place.is_empty() && place.chars().all(|c| c.is_ascii_graphic()));
    if leads_somewhere { Ok(address) } else { Err(Problem::new("bad_request").with("field", field)) }
}

/// A text that may say nothing.
///
/// # Errors
/// `bad_request` with the field.
pub fn text_or_none(value: &str, max: usize, field: &str) -> Result<String, Problem> {
    if value.trim().is_empty() { Ok(String::new()) } else { text(value, max, field) }
}

/// A text that says something, of a reasonable length.
///
/// # Errors
/// `bad_request` with the field.
pub fn text(value: &str, max: usize, field: &str) -> Result<String, Problem> {
    let trimmed = value.trim();
    if trimmed.is_empty() || value.chars().count() > max || value.chars().any(|c| c.is_control() && c != '\n') {
        return Err(Problem::new("bad_request").with("field", field));
    }
    Ok(trimmed.to_owned())
}
