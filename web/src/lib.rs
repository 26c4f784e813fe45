//! Scripts, styles and letters of the pages. They are written in TypeScript and SCSS beside this
//! file, made by Vite (see `build.rs`) and lie in the binary, each packed once at build time.
//!
//! To add a page's script: a folder with `main.ts` here, an entry in `vite.config.ts`, and
//! `asset("name.js")` in its template.

/// A file that pages load.
#[derive(Debug)]
pub struct Asset {
    /// What templates call it: `voucher.js`.
    pub name: &'static str,
    /// What it is served as: `voucher-1a2b3c4d.js`.
    pub path: &'static str,
    /// Its media type.
    pub kind: &'static str,
    /// Whether the path changes with the content, so that it may be kept for ever.
    pub immutable: bool,
    /// As it is.
    pub bytes: &'static [u8],
    /// Packed by brotli, where that helps.
    pub brotli: Option<&'static [u8]>,
    /// Packed by gzip, where that helps.
    pub gzip: Option<&'static [u8]>,
}

/// Letters to print with, as TrueType; none where npm was missing.
pub const FONTS: &[&[u8]] = PRINT_FONTS;

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The file that templates call so.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// The file that is served under this path.
#[must_use]
pub fn by_path(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

/// Why there is only a plain style and no script, if so.
#[must_use]
pub const fn missing() -> Option<&'static str> {
    MISSING
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_its_style_and_kept_files_have_their_hash_in_the_name() {
        assert!(by_name("page.css").is_some_and(|style| !style.bytes.is_empty()));
        for asset in ASSETS {
            assert_eq!(by_path(asset.path).map(|found| found.bytes), Some(asset.bytes));
            assert_eq!(asset.immutable, asset.path != asset.name, "{}", asset.path);
        }
        if missing().is_none() {
            for script in ["voucher.js", "shop.js", "worker.js", "console.js"] {
                let script =
                    by_name(script).map(|script| (script.immutable, script.brotli.is_some(), script.gzip.is_some()));
                assert_eq!(script, Some((true, true, true)));
            }
        }
    }
}
