//! Builds the front end with npm and Vite and puts its files into the binary.
//!
//! Everything happens in a copy under `OUT_DIR`, so that the sources stay as they are and
//! `node_modules` lies in `target/`. `WEB_DIST=/path` takes a finished build, `WEB_DIST=plain` none.
#![allow(clippy::expect_used, clippy::panic, reason = "a build script says what is wrong by failing")]

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What Vite is made from, and what to look at for changes.
const SOURCES: [&str; 9] = [
    "src",
    "public",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "vite.config.ts",
    "subset-fonts.mjs",
    "icons.mjs",
    "print-fonts.mjs",
];

/// The oldest Node that Vite runs on, and the next line of releases it accepts.
const NODE_MIN: [(u32, u32); 2] = [(20, 19), (22, 12)];

fn main() {
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=plain");
    println!("cargo::rerun-if-env-changed=WEB_DIST");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"));
    let (files, missing) = match env::var_os("WEB_DIST") {
        Some(chosen) if chosen == "plain" => (here.join("plain"), Some("built with WEB_DIST=plain".to_owned())),
        Some(finished) => {
            println!("cargo::rerun-if-changed={}", finished.display());
            (PathBuf::from(finished), None)
        }
        None => match tools(&out) {
            Ok(path) => (build(&here, &out, &path), None),
            Err(why) => {
                println!("cargo::warning=pages get a plain style and no scripts: {why}");
                // a file that is never there makes cargo ask again at the next build
                println!("cargo::rerun-if-changed=no-npm-yet");
                (here.join("plain"), Some(why))
            }
        },
    };
    fs::write(out.join("assets.rs"), table(&files, missing.as_deref())).expect("OUT_DIR can be written");
}

/// The `PATH` on which npm and a new enough Node are found: what `scripts/setup.sh` put into
/// `target/tools` comes first.
fn tools(out: &Path) -> Result<std::ffi::OsString, String> {
    let mut folders: Vec<PathBuf> = out.ancestors().map(|folder| folder.join("tools/node_modules/.bin")).collect();
    folders.retain(|folder| folder.is_dir());
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    let path = env::join_paths(folders).map_err(|error| error.to_string())?;
    let ask = |tool: &str| {
        let answer = Command::new(tool).arg("--version").env("PATH", &path).output();
        let answer = answer.map_err(|_| format!("{tool} is not installed"))?;
        Ok::<_, String>(String::from_utf8_lossy(&answer.stdout).trim().trim_start_matches('v').to_owned())
    };
    let version = ask("node")?;
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    let new_enough = NODE_MIN.iter().any(|min| found.0 == min.0 && found.1 >= min.1) || found.0 > NODE_MIN[1].0;
    if !new_enough {
        return Err(format!("node is {version}, Vite needs 20.19 or 22.12"));
    }
    ask("npm")?;
    Ok(path)
}

fn build(here: &Path, out: &Path, path: &std::ffi::OsStr) -> PathBuf {
    let (front, dist) = (out.join("front"), out.join("dist"));
    copy_sources(here, &front);
    let npm = |arguments: &[&std::ffi::OsStr]| {
        let done = Command::new("npm").args(arguments).current_dir(&front).env("PATH", path).output();
        let done = done.expect("npm ran a moment ago");
        let said = [done.stdout, done.stderr].concat();
        assert!(
            done.status.success(),
            "npm {arguments:?} failed; WEB_DIST=plain builds without the front end\n{}",
            String::from_utf8_lossy(&said)
        );
    };
    // installed anew only when the lock says something else than last time
    let (lock, stamp) = (fs::read(here.join("package-lock.json")).expect("the lock file"), front.join("installed"));
    if fs::read(&stamp).ok().as_ref() != Some(&lock) {
        npm(&["ci", "--ignore-scripts", "--no-audit", "--no-fund"].map(std::ffi::OsStr::new));
        fs::write(&stamp, &lock).expect("OUT_DIR can be written");
    }
    npm(&["run", "build", "--", "--outDir"]
        .map(std::ffi::OsStr::new)
        .into_iter()
        .chain([dist.as_os_str()])
        .collect::<Vec<_>>());
    dist
}

/// The sources as they are now; what is gone there goes here too.
fn copy_sources(here: &Path, front: &Path) {
    let _ = fs::remove_dir_all(front.join("src"));
    fs::create_dir_all(front).expect("OUT_DIR can be written");
    for source in SOURCES {
        copy(&here.join(source), &front.join(source));
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).expect("OUT_DIR can be written");
        for entry in fs::read_dir(from).expect("the sources can be read") {
            let entry = entry.expect("the sources can be read");
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    }
}

/// `voucher-1a2b3c4d.js` is `voucher.js`; a file without a hash keeps its name.
fn logical(name: &str) -> Option<String> {
    let (stem, extension) = name.rsplit_once('.')?;
    let (stem, hash) = stem.rsplit_once('-')?;
    let hashed = hash.len() == 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    hashed.then(|| format!("{stem}.{extension}"))
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        Some("png") => "image/png",
        Some("wasm") => "application/wasm",
        Some("woff2") => "font/woff2",
        _ => panic!("{name}: what kind of file is this?"),
    }
}

/// The table of all files as Rust.
fn table(folder: &Path, missing: Option<&str>) -> String {
    let files = files_of(folder);
    let include = |name: &str| files.get(name).map(|path| format!("include_bytes!({path:?})"));
    let mut text = format!("const MISSING: Option<&str> = {missing:?};\nconst ASSETS: &[Asset] = &[\n");
    for name in files.keys().filter(|name| !name.ends_with(".br") && !name.ends_with(".gz")) {
        let packed =
            |suffix: &str| include(&format!("{name}.{suffix}")).map_or("None".to_owned(), |it| format!("Some({it})"));
        let (bytes, hashed) = (include(name).expect("it is in the list"), logical(name));
        let _ = writeln!(
            text,
            "Asset {{ name: {:?}, path: {name:?}, kind: {:?}, immutable: {}, bytes: {bytes}, brotli: {}, gzip: {} }},",
            hashed.as_ref().unwrap_or(name),
            kind(name),
            hashed.is_some(),
            packed("br"),
            packed("gz"),
        );
    }
    text.push_str("];\nconst PRINT_FONTS: &[&[u8]] = &[\n");
    let print = folder.join("print");
    let fonts = if print.is_dir() { files_of(&print) } else { BTreeMap::new() };
    for path in fonts.values() {
        let _ = writeln!(text, "include_bytes!({path:?}),");
    }
    text + "];\n"
}

/// The files of a folder by their names.
fn files_of(folder: &Path) -> BTreeMap<String, PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("the build can be read").path()).filter(|path| path.is_file());
    paths.filter_map(|path| Some((path.file_name()?.to_str()?.to_owned(), path))).collect()
}
