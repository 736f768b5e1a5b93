//! The committed headers against the code: generated text, what it says of results, its examples, version, layout.

mod support;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use support::live_server::LiveServer;

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
fn the_header_says_what_every_function_returns() {
    let check = Command::new(root().join("tests/abi/documentation.py")).output().unwrap();
    assert!(check.status.success(), "{}{}", stdout(&check), String::from_utf8_lossy(&check.stderr));
}

/// As a reader copies it; only the server is another one.
#[test]
fn the_example_at_the_head_of_the_header_works() {
    let server = LiveServer::start();
    let url = format!("redis://127.0.0.1:{}", server.port());
    let program = example("oxipipe.h");
    assert!(program.contains("\"redis://localhost\"") && program.contains("int main(void)"), "{program}");
    let file = tmp().join("example.c");
    std::fs::write(&file, program.replace("redis://localhost", &url)).unwrap();

    let library = std::env::current_exe().unwrap().with_file_name("liboxipipe.so");
    let binary = tmp().join("example");
    compile(&file, &[library.as_os_str(), "-o".as_ref(), binary.as_os_str()]);
    // The program looks for the library by its ABI name, which cargo's file does not have.
    let output = Command::new(&binary).env("LD_PRELOAD", library).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(stdout(&output), "PONG\n");
}

#[test]
fn the_example_of_a_command_from_literals_compiles() {
    let statement = example("base.h");
    assert!(statement.contains("OXP_LITERAL(\"SET\")"), "{statement}");
    let file = tmp().join("literal.c");
    let program = format!(
        "#include <oxipipe/oxipipe.h>\n\
         size_t length(const char *value);\n\
         size_t length(const char *value) {{\n{statement}return args[0].len + args[2].len;\n}}\n"
    );
    std::fs::write(&file, program).unwrap();
    compile(&file, &["-fsyntax-only".as_ref()]);
}

/// The first indented lines of a header's comments.
fn example(header: &str) -> String {
    let text = std::fs::read_to_string(root().join("include/oxipipe").join(header)).unwrap();
    let is_code = |line: &&str| line.starts_with(" *     ") || *line == " *";
    let code = text.lines().skip_while(|line| !line.starts_with(" *     ")).take_while(is_code);
    code.map(|line| line.trim_start_matches(" *").trim_end_matches("*/").to_owned() + "\n").collect()
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
    let file = tmp().join("version.c");
    std::fs::write(&file, source).unwrap();
    compile(&file, &["-fsyntax-only".as_ref()]);
    let base = std::fs::read_to_string(root().join("include/oxipipe/base.h")).unwrap();
    assert!(base.contains(&format!("#define OXP_VERSION \"{version}\"\n")));
}

#[test]
fn layout_and_numbers_have_not_changed() {
    compile(&root().join("tests/abi/layout.c"), &["-fsyntax-only".as_ref()]);
}

fn compile(file: &Path, arguments: &[&OsStr]) {
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let output = Command::new(compiler)
        .args(["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"])
        .arg(root().join("include"))
        .arg(file)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn tmp() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
