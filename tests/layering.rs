//! The layers of `src/`: who may import whom, who may look at a clock, who may be unsafe, how long a file may be.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each layer imports only from those before it. What stands in one row does not import from its row either, except that
/// the client hands out pipelines and a pipeline is made from a client.
const LAYERS: [&[&str]; 7] =
    [&["resp"], &["proto"], &["transport"], &["driver"], &["client", "pipeline"], &["aio", "pool"], &["ffi"]];

/// Words that all layers share. They import each other and `resp`, nothing else.
const SHARED: [&str; 6] = ["error", "options", "url", "command", "deadline", "sync"];

/// Files that import each other in a circle and still have to be taken apart. None may be added.
const CIRCLES: [&[&str]; 0] = [];

/// No file of the core is longer.
const LONGEST: usize = 500;
/// But this one, which is generated.
const GENERATED: &str = "command/table.rs";

struct Source {
    path: PathBuf,
    /// Below `src`.
    relative: String,
    /// The first part of that: its layer.
    module: String,
    text: String,
}

impl Source {
    /// Its lines of code with their numbers, without comments and strings.
    fn code(&self) -> impl Iterator<Item = (usize, String)> {
        self.text.lines().enumerate().map(|(index, line)| {
            let mut kept = String::new();
            let mut quoted = false;
            let mut chars = line.chars().peekable();
            while let Some(c) = chars.next() {
                match c {
                    '\\' if quoted => drop(chars.next()),
                    '"' => quoted = !quoted,
                    '/' if !quoted && chars.peek() == Some(&'/') => break,
                    _ if !quoted => kept.push(c),
                    _ => {}
                }
            }
            (index + 1, kept)
        })
    }

    /// The same without its tests, which may look at a clock and talk to sockets.
    fn code_proper(&self) -> impl Iterator<Item = (usize, String)> {
        let tests = self.text.find("#[cfg(test)]\nmod tests {").unwrap_or(self.text.len());
        let lines = if self.is_test() { 0 } else { self.text[..tests].lines().count() };
        self.code().take(lines)
    }

    /// Modules of this crate that it names as `crate::module`.
    fn imports(&self) -> Vec<(usize, String)> {
        let word = |rest: &str| {
            rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("").to_owned()
        };
        self.code()
            .flat_map(|(number, line)| {
                line.split("crate::").skip(1).map(|rest| (number, word(rest))).collect::<Vec<_>>()
            })
            .filter(|(_, name)| name.chars().next().is_some_and(char::is_lowercase))
            .collect()
    }

    /// A file of tests or of models for the model checker.
    fn is_test(&self) -> bool {
        let stem = self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let is_fuzz = self.relative.contains("/fuzz/");
        is_fuzz || stem == "tests" || stem.ends_with("_tests") || stem.ends_with("_models")
    }

    /// Its place among the modules, such as `driver/blocking/caller`; `driver/blocking` for the `mod.rs` there.
    fn place(&self) -> String {
        self.relative.trim_end_matches(".rs").trim_end_matches("/mod").to_owned()
    }

    /// The same without the tests at its end.
    fn product(&self) -> impl Iterator<Item = (usize, String)> {
        self.code().take_while(|(_, line)| line != "mod tests {")
    }

    /// What it names by a path within its own crate, as paths from the root. A list in braces counts as one path for each.
    fn names(&self) -> Vec<Vec<String>> {
        let lines: Vec<_> = self.product().map(|(_, line)| line.trim().to_owned()).collect();
        let body = lines.join(" ");
        let place: Vec<_> = self.place().split('/').map(str::to_owned).collect();
        let mut names = Vec::new();
        for (start, _) in body.match_indices("::") {
            let first = body[..start].rsplit(|c: char| !is_word(c)).next().unwrap_or("");
            let rest = &body[start + 2..];
            // Only where a path begins.
            if body[..start - first.len()].ends_with("::") {
                continue;
            }
            let mut base = match first {
                "crate" => Vec::new(),
                "super" => place[..place.len() - 1].to_vec(),
                "self" => place.clone(),
                child if self.relative.ends_with("/mod.rs") => {
                    [place.clone(), vec![child.to_owned()]].concat()
                }
                _ => continue,
            };
            let mut rest = rest;
            while let Some(further) = rest.strip_prefix("super::") {
                base.pop();
                rest = further;
            }
            let end = rest.find(|c: char| !is_word(c) && c != ':').unwrap_or(rest.len());
            let (path, behind) = rest.split_at(end);
            base.extend(path.split("::").filter(|word| !word.is_empty()).map(str::to_owned));
            match behind.strip_prefix('{').and_then(|list| list.split('}').next()) {
                Some(list) if path.is_empty() || path.ends_with("::") => {
                    for item in list.split(',') {
                        let item = item.trim().split(' ').next().unwrap_or("");
                        let words = item.split("::").filter(|word| !word.is_empty() && *word != "self");
                        names.push(base.iter().cloned().chain(words.map(str::to_owned)).collect());
                    }
                }
                _ => names.push(base),
            }
        }
        names
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let relative = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
                let module = relative.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
                let text = fs::read_to_string(&path).unwrap();
                sources.push(Source { path, relative, module, text });
            }
        }
    }
    assert!(sources.len() > 20, "the sources were found");
    sources
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&module))
}

#[test]
fn every_module_has_its_place() {
    for source in sources() {
        let known = layer(&source.module).is_some() || SHARED.contains(&source.module.as_str());
        assert!(known || source.module == "lib", "{} is in no layer", source.path.display());
    }
}

#[test]
fn imports_of_this_crate_are_written_one_module_at_a_time() {
    for source in sources() {
        for (number, line) in source.code() {
            assert!(!line.contains("crate::{"), "{}:{number} hides what it imports", source.path.display());
        }
    }
}

#[test]
fn each_layer_imports_only_from_those_before_it() {
    for source in sources() {
        for (number, import) in source.imports() {
            let allowed = match (layer(&source.module), layer(&import)) {
                _ if source.module == "lib" || source.module == import => true,
                // The lowest layer stands alone.
                (Some(0), _) => false,
                (Some(_), None) => SHARED.contains(&import.as_str()),
                (Some(own), Some(other)) => other < own || (other == own && LAYERS[own].contains(&"client")),
                (None, Some(other)) => other == 0,
                (None, None) => SHARED.contains(&import.as_str()),
            };
            assert!(allowed, "{}:{number} imports {import}", source.path.display());
        }
    }
}

/// Within a layer, too, a file can be understood with those that it imports and without those that import it. The `mod.rs` of
/// a folder is the parent of its parts: it may name them and they may name it.
#[test]
fn files_of_the_machine_and_of_its_drivers_import_each_other_in_no_circle() {
    let all: Vec<_> = sources().into_iter().filter(|source| !source.is_test()).collect();
    let places: BTreeSet<_> = all.iter().map(Source::place).collect();
    // The longest part of a path that is a file.
    let file_of = |path: &[String]| {
        let parts = (1..=path.len()).rev().map(|count| path[..count].join("/"));
        parts.clone().find(|place| places.contains(place)).map(|place| (place.split('/').count(), place))
    };
    // What a `mod.rs` hands on of its parts: by the place of the folder and the name.
    let mut handed_on = BTreeMap::new();
    for source in all.iter().filter(|source| source.relative.ends_with("/mod.rs")) {
        for path in source.names() {
            if let (Some(name), Some((_, part))) = (path.last(), file_of(&path)) {
                handed_on.insert((source.place(), name.clone()), part);
            }
        }
    }
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in all.iter().filter(|source| matches!(source.module.as_str(), "proto" | "driver")) {
        let own = source.place();
        let named = source.names().into_iter().filter_map(|path| {
            let (count, place) = file_of(&path)?;
            let name = path.get(count).cloned().unwrap_or_default();
            Some(handed_on.get(&(place.clone(), name)).cloned().unwrap_or(place))
        });
        let is_family = |other: &str| {
            let (own, other) = (format!("{own}/"), format!("{other}/"));
            own.starts_with(&other) || other.starts_with(&own)
        };
        imports.insert(own.clone(), named.filter(|other| !is_family(other)).collect());
    }
    let reached = |from: &String| {
        let (mut reached, mut next) = (BTreeSet::new(), vec![from]);
        while let Some(file) = next.pop() {
            next.extend(
                imports.get(file).into_iter().flatten().filter(|file| reached.insert((*file).clone())),
            );
        }
        reached
    };
    let reach: BTreeMap<_, _> = imports.keys().map(|file| (file.clone(), reached(file))).collect();
    assert!(reach["proto/connection"].contains("proto/fate"), "imports were found");
    assert!(
        reach["driver/nonblocking/endpoint"].contains("driver/nonblocking/batch"),
        "and what is handed on"
    );
    let circles: BTreeSet<Vec<&str>> = reach
        .iter()
        .filter(|(file, reached)| reached.contains(*file))
        .map(|(file, reached)| {
            let mutual =
                reached.iter().filter(|other| reach.get(*other).is_some_and(|back| back.contains(file)));
            mutual.map(String::as_str).collect()
        })
        .collect();
    assert_eq!(circles, CIRCLES.iter().map(|circle| circle.to_vec()).collect());
}

#[test]
fn no_file_of_the_core_is_long() {
    for source in sources().into_iter().filter(|source| source.module != "ffi" && !source.is_test()) {
        let lines = source.text.lines().count();
        assert!(lines <= LONGEST || source.relative == GENERATED, "{} has {lines} lines", source.relative);
    }
}

#[test]
fn protocol_and_state_machines_know_no_socket_no_thread_and_no_clock() {
    let is_pure = |source: &Source| matches!(source.module.as_str(), "resp" | "proto") && !source.is_test();
    for source in sources().into_iter().filter(is_pure) {
        for (number, line) in source.product() {
            for word in
                ["Instant::now", "SystemTime", "std::net", "std::thread", "std::os", "libc::", "socket2"]
            {
                assert!(!line.contains(word), "{}:{number} uses {word}", source.path.display());
            }
        }
    }
}

#[test]
fn only_transport_touches_sockets() {
    for source in sources().into_iter().filter(|source| source.module != "transport") {
        for (number, line) in source.code_proper() {
            for word in ["socket2", "std::net", "libc::poll", "libc::send", "libc::recv"] {
                assert!(!line.contains(word), "{}:{number} uses {word}", source.path.display());
            }
        }
    }
}

#[test]
fn unsafe_code_is_at_the_c_boundary_or_listed() {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/unsafe.md");
    let listed = fs::read_to_string(list).unwrap_or_default();
    for source in sources().into_iter().filter(|source| source.module != "ffi" && !source.is_test()) {
        let relative = source.path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display().to_string();
        let word =
            |line: &str| line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe");
        if let Some((number, _)) = source.code().find(|(_, line)| word(line)) {
            assert!(
                listed.contains(&relative),
                "{relative}:{number} has unsafe code that docs/unsafe.md does not list"
            );
        }
    }
}

/// Exported functions that cannot panic: they return what is there from the start.
const CONSTANT: [&str; 5] =
    ["oxp_version", "oxp_version_number", "oxp_status_name", "oxp_outcome_name", "oxp_str"];
/// What stops a panic, or calls what does.
const BOUNDARIES: [&str; 11] = [
    "boundary(",
    "boundary_with_state(",
    "contain(",
    "contain_or(",
    " set(",
    " set_text(",
    " open(",
    " read(",
    " server(",
    " next_events(",
    " put_text(",
];

#[test]
fn no_panic_leaves_an_exported_function() {
    let mut entries = 0;
    for source in sources().iter().filter(|source| source.module == "ffi") {
        for function in source.text.split("extern \"C\" fn ").skip(1) {
            let name = function.split('(').next().unwrap();
            let Some(body) = name.starts_with("oxp_").then(|| function.split("\n}\n").next().unwrap()) else {
                continue;
            };
            entries += 1;
            let is_contained = BOUNDARIES.iter().any(|boundary| body.contains(boundary));
            let delegates = body.matches("oxp_").count() > 1 && body.contains(" oxp_reply_type_at(");
            assert!(
                is_contained || delegates || CONSTANT.contains(&name),
                "{name} has nothing that stops a panic"
            );
        }
    }
    assert!(entries > 100, "{entries}");
}
