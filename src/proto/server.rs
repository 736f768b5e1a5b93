//! Who is at the other end of a connection.

use crate::resp::{Kind, Value};

/// What the server said of itself in the greeting. All but the protocol is unknown where it was not greeted with HELLO.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// Version of RESP that the connection speaks: 2 or 3.
    pub protocol: u8,
    /// `redis`, `valkey` or what else it calls itself.
    pub name: Option<String>,
    /// Its version, such as `7.0.15`.
    pub version: Option<String>,
    /// `master`, `replica`, ...
    pub role: Option<String>,
    /// `standalone`, `cluster` or `sentinel`.
    pub mode: Option<String>,
    /// The number by which the server knows the connection, as CLIENT ID gives it.
    pub connection_id: Option<u64>,
}

impl Server {
    /// One that said nothing of itself.
    pub(super) fn unknown() -> Self {
        Self { protocol: 2, ..Self::default() }
    }

    /// From the reply to HELLO; `None` if it is none. What a server answers tells its protocol version, and nobody says that
    /// by accident: a peer that sends back what it gets does not.
    pub(super) fn from_hello(reply: Value<'_>) -> Option<Self> {
        if !matches!(reply.kind(), Kind::Map | Kind::Array) {
            return None;
        }
        let values: Vec<_> = reply.children().collect();
        let field = |name: &str| {
            let mut pairs = values.chunks_exact(2);
            pairs.find(|pair| pair[0].bytes() == Some(name.as_bytes())).map(|pair| pair[1])
        };
        let text = |name: &str| field(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            protocol: u8::try_from(field("proto")?.as_int()?).ok().filter(|proto| (2..=3).contains(proto))?,
            name: text("server"),
            version: text("version"),
            role: text("role"),
            mode: text("mode"),
            connection_id: field("id").and_then(Value::as_int).and_then(|id| u64::try_from(id).ok()),
        })
    }
}
