//! Writes many fields through a pipeline, which begins to send while it is still being filled, and sums them up again.
//!
//! `cargo run --release --example pipeline -- redis://localhost:6379`

use oxipipe::Client;

const FIELDS: usize = 100_000;

fn main() -> Result<(), oxipipe::Error> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "redis://localhost:6379".into());
    let client = Client::open(&url)?;
    client.command(&["DEL", "numbers"])?;

    let start = std::time::Instant::now();
    let mut pipeline = client.pipeline();
    for n in 0..FIELDS {
        let n = n.to_string();
        pipeline.command(&["HSET", "numbers", &n, &n])?;
    }
    let replies = pipeline.execute()?;
    let seconds = start.elapsed().as_secs_f64();
    let added: i64 = replies.root().children().filter_map(|reply| reply.as_int()).sum();
    println!("added {added} fields");
    eprintln!("{:.0} commands per second", FIELDS as f64 / seconds);

    // The same pipeline again, and a transaction: all of it or nothing.
    for n in 0..FIELDS {
        pipeline.command(&["HGET", "numbers", &n.to_string()])?;
    }
    let replies = pipeline.execute()?;
    let sum: u64 = replies.root().children().filter_map(|reply| reply.as_str()?.parse::<u64>().ok()).sum();
    println!("their sum is {sum}");

    let mut transaction = client.transaction();
    transaction.command(&["DEL", "numbers"])?.command(&["EXISTS", "numbers"])?;
    let replies = transaction.execute()?;
    let number = |index| replies.root().get(index).and_then(|reply| reply.as_int()).unwrap_or_default();
    println!("deleted {} hash, {} left", number(0), number(1));
    Ok(())
}
