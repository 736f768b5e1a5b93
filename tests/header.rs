//! The committed headers against the code: generated text, version, layout.

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Installs the pinned cbindgen into target/tools where it is missing.
#[test]
fn the_header_is_what_cbindgen_makes_of_the_sources() {
    let check = Command::new(root().join("tools/gen_header.py")).arg("--check").output().unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}

#[test]
fn the_version_macros_are_those_of_the_crate() {
    let (major, minor, patch) =
        (env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"), env!("CARGO_PKG_VERSION_PATCH"));
    let version = env!("CARGO_PKG_VERSION");
    let source = format!(
        r#"#include <oxipipe/oxipipe.h>
        _Static_assert(OXP_VERSION_MAJOR == {major}, "major");
        _Static_assert(OXP_VERSION_MINOR == {minor}, "minor");
        _Static_assert(OXP_VERSION_PATCH == {patch}, "patch");
        _Static_assert(OXP_VERSION_NUMBER == {major} * 65536 + {minor} * 256 + {patch}, "number");
        const char version[] = OXP_VERSION;
        _Static_assert(sizeof OXP_VERSION == sizeof "{version}", "text");"#
    );
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("version.c");
    std::fs::write(&file, source).unwrap();
    compile(&file);
    let base = std::fs::read_to_string(root().join("include/oxipipe/base.h")).unwrap();
    assert!(base.contains(&format!("#define OXP_VERSION \"{version}\"\n")));
}

#[test]
fn layout_and_numbers_have_not_changed() {
    compile(&root().join("tests/abi/layout.c"));
}

fn compile(file: &Path) {
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let output = Command::new(compiler)
        .args(["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-I"])
        .arg(root().join("include"))
        .arg(file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
