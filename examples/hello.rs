//! Connects, writes a value and reads it back.
//!
//! `cargo run --example hello -- redis://localhost:6379`

use oxipipe::Client;

fn main() -> Result<(), oxipipe::Error> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "redis://localhost:6379".into());
    let client = Client::open(&url)?;

    client.command(&["SET", "greeting", "hello"])?;
    let reply = client.command(&["GET", "greeting"])?;
    println!("greeting = {}", reply.root().as_str().unwrap_or("(nothing)"));

    // What the server refuses is a reply like any other.
    let reply = client.command(&["INCR", "greeting"])?;
    if let Some(text) = reply.root().error() {
        println!("the server said: {}", String::from_utf8_lossy(text));
    }
    Ok(())
}
