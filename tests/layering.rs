//! The layers of `src/`: who may import whom, who may look at a clock, who may be unsafe.

use std::fs;
use std::path::{Path, PathBuf};

/// Each layer imports only from those before it. What stands in one row does not import from its row either, except that
/// the client hands out pipelines and a pipeline is made from a client.
const LAYERS: [&[&str]; 7] =
    [&["resp"], &["proto"], &["transport"], &["driver"], &["client", "pipeline"], &["aio", "pool"], &["ffi"]];

/// Words that all layers share. They import each other and `resp`, nothing else.
const SHARED: [&str; 5] = ["error", "options", "url", "command", "sync"];

struct Source {
    path: PathBuf,
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

    fn is_test(&self) -> bool {
        self.path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("_tests"))
    }
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
                let relative = path.strip_prefix(&root).unwrap();
                let first = relative.components().next().unwrap().as_os_str().to_string_lossy();
                let module = first.trim_end_matches(".rs").to_owned();
                sources.push(Source { module, text: fs::read_to_string(&path).unwrap(), path });
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
                (Some(own), Some(other)) => other < own || (other == own && source.module != "ffi"),
                (None, Some(other)) => other == 0,
                (None, None) => SHARED.contains(&import.as_str()),
            };
            assert!(allowed, "{}:{number} imports {import}", source.path.display());
        }
    }
}

#[test]
fn protocol_and_state_machines_know_no_socket_no_thread_and_no_clock() {
    for source in sources().into_iter().filter(|source| matches!(source.module.as_str(), "resp" | "proto")) {
        for (number, line) in source.code() {
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
        for (number, line) in source.code() {
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
