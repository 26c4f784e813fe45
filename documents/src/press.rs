//! The press: templates, letters and one set of data make a PDF.

use crate::forms::Form;
use serde::Serialize;
use std::collections::BTreeMap;
use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World, comemo};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

/// The templates; the first is what the others have in common.
const TEMPLATES: [(&str, &str); 5] = [
    ("common.typ", include_str!("../templates/common.typ")),
    ("sheets.typ", include_str!("../templates/sheets.typ")),
    ("card.typ", include_str!("../templates/card.typ")),
    ("operations.typ", include_str!("../templates/operations.typ")),
    ("claim.typ", include_str!("../templates/claim.typ")),
];
/// Where templates find what is to be said.
const DATA: &str = "data.json";
/// Results of layout that nobody used for so many prints are forgotten.
const MEMORY_PRINTS: usize = 4;

/// Texts by their keys, in the reader's language.
pub type Words = BTreeMap<String, String>;

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub enum PrintError {
    /// The binary was built without npm, from where the letters come.
    #[error("there are no letters to print with: {0}")]
    NoLetters(&'static str),
    /// A defect of a template, or data that no template takes.
    #[error("a document cannot be set: {0}")]
    Template(String),
}

/// Sets documents. Making one takes milliseconds, and it is shared.
pub struct Printer {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
    sources: Vec<Source>,
}

/// What every document says beside its own data.
#[derive(Serialize)]
struct Data<'a, T> {
    lang: &'a str,
    words: &'a Words,
    form: &'a T,
}

/// One document on the press.
struct Job<'a> {
    printer: &'a Printer,
    main: FileId,
    data: Bytes,
}

impl Printer {
    /// With the letters that are in the binary.
    ///
    /// # Errors
    /// [`PrintError::NoLetters`].
    pub fn new() -> Result<Self, PrintError> {
        let fonts: Vec<_> = web::FONTS.iter().flat_map(|bytes| Font::iter(Bytes::new(*bytes))).collect();
        if fonts.is_empty() {
            return Err(PrintError::NoLetters(web::missing().unwrap_or("none were built")));
        }
        let sources = TEMPLATES.map(|(name, text)| Ok(Source::new(file(name)?, text.to_owned())));
        Ok(Self {
            library: LazyHash::new(Library::default()),
            book: LazyHash::new(FontBook::from_fonts(&fonts)),
            fonts,
            sources: sources.into_iter().collect::<Result<_, PrintError>>()?,
        })
    }

    /// Sets a document in a language of which these are the words, made at an instant in microseconds since 1970. Takes
    /// up to a second of processor time.
    ///
    /// # Errors
    /// [`PrintError::Template`].
    pub fn print<T: Form>(&self, form: &T, lang: &str, words: &Words, at: i64) -> Result<Vec<u8>, PrintError> {
        let defect = |error: &dyn std::fmt::Debug| PrintError::Template(format!("{}: {error:?}", T::TEMPLATE));
        let data = serde_json::to_vec(&Data { lang, words, form }).map_err(|error| defect(&error))?;
        let job = Job { printer: self, main: file(T::TEMPLATE)?, data: Bytes::new(data) };
        let document = typst::compile::<PagedDocument>(&job).output.map_err(|errors| defect(&errors));
        let standards = PdfStandards::new(&[PdfStandard::A_2a, PdfStandard::Ua_1]);
        let standards = standards.map_err(|error| defect(&error))?;
        let creator = Smart::Custom(Some("Buono".to_owned()));
        let options = PdfOptions { creator, timestamp: made_at(at), standards, ..PdfOptions::default() };
        let printed =
            document.and_then(|document| typst_pdf::pdf(&document, &options).map_err(|errors| defect(&errors)));
        comemo::evict(MEMORY_PRINTS);
        printed
    }
}

/// Archives want to know it.
fn made_at(micros: i64) -> Option<Timestamp> {
    let at = jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::from_microsecond(micros).ok()?);
    let part = |value: i8| u8::try_from(value).ok();
    let (month, day) = (part(at.month())?, part(at.day())?);
    let (hour, minute, second) = (part(at.hour())?, part(at.minute())?, part(at.second())?);
    let at = Datetime::from_ymd_hms(i32::from(at.year()), month, day, hour, minute, second)?;
    Some(Timestamp::new_utc(at))
}

fn file(name: &str) -> Result<FileId, PrintError> {
    let path = VirtualPath::new(name).map_err(|error| PrintError::Template(format!("{name}: {error:?}")))?;
    Ok(RootedPath::new(VirtualRoot::Project, path).intern())
}

impl World for Job<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.printer.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.printer.book
    }

    fn main(&self) -> FileId {
        self.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        let known = self.printer.sources.iter().find(|source| source.id() == id);
        known.cloned().ok_or(FileError::AccessDenied)
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id.get().vpath().get_without_slash() == DATA { Ok(self.data.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.printer.fonts.get(index).cloned()
    }

    /// Documents say when they were made in their own words.
    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}
