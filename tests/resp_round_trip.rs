//! Any value written the way a server writes it is read back the same, whole and cut.

use oxipipe::resp::Limits;
use proptest::collection::vec;
use proptest::prelude::*;

#[path = "../fuzz/harness.rs"]
#[allow(dead_code, unreachable_pub, reason = "this file needs a part of it")]
mod harness;

use harness::oracle::{self, Item, Tree};
use harness::{agree, drive, expected};

/// Text of a line: anything without CRLF, which a final CR would complete.
fn line() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..40).prop_map(|mut text| {
        text.retain(|byte| *byte != b'\r');
        text
    })
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 0..120), "[>*$_:+-]{1,4}(\r\n)?".prop_map(String::into_bytes)]
}

fn scalar() -> impl Strategy<Value = Tree> {
    prop_oneof![
        Just(Tree::Null),
        line().prop_map(Tree::Status),
        line().prop_map(|text| Tree::Error { text, blob: false }),
        text().prop_map(|text| Tree::Error { text, blob: true }),
        any::<i64>().prop_map(Tree::Integer),
        (-100i64..100).prop_map(Tree::Integer),
        text().prop_map(Tree::String),
        any::<f64>().prop_map(|number| {
            // NaN has one spelling on the wire.
            Tree::Double(if number.is_nan() { f64::NAN } else { number }.to_bits())
        }),
        any::<bool>().prop_map(Tree::Boolean),
        "-?[0-9]{1,60}".prop_map(|text| Tree::BigNumber(text.into_bytes())),
        ("[a-z]{3}", text()).prop_map(|(format, text)| Tree::Verbatim { format: format.into_bytes(), text }),
    ]
}

fn item() -> impl Strategy<Value = Item> {
    scalar().prop_map(Item::from).prop_recursive(6, 60, 8, |inner| {
        let items = vec(inner.clone(), 0..8);
        let pairs = vec((inner.clone(), inner.clone()), 0..4)
            .prop_map(|pairs| pairs.into_iter().flat_map(|(key, value)| [key, value]).collect::<Vec<_>>());
        let tree = prop_oneof![
            items.clone().prop_map(Tree::Array),
            pairs.clone().prop_map(Tree::Map),
            items.prop_map(Tree::Set),
            inner.prop_map(|item| item.tree),
        ];
        let attributes = prop_oneof![9 => Just(Vec::new()), 1 => vec(pairs, 1..3)];
        (attributes, tree).prop_map(|(attributes, tree)| Item { attributes, tree })
    })
}

/// A push holds whole values, and is not part of any.
fn top_level() -> impl Strategy<Value = Item> {
    prop_oneof![4 => item(), 1 => vec(item(), 0..8).prop_map(|items| Tree::Push(items).into())]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_written_value_is_read_back(items in vec(top_level(), 1..4), cuts in vec(any::<prop::sample::Index>(), 0..6)) {
        let mut wire = Vec::new();
        items.iter().for_each(|item| oracle::encode(item, &mut wire));
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(wire.len() + 1)).collect();
        cuts.sort_unstable();
        let found = drive(&wire, Limits::default(), &cuts);
        agree(&expected(&wire, Limits::default()), &found);
        let found: Vec<Item> = found.replies.into_iter().map(|(item, _)| item).collect();
        prop_assert_eq!(found, items);
    }

    #[test]
    fn bytes_of_the_protocol_alphabet_are_judged_like_the_oracle_does(
        input in "([-+:$*_#,(!=%~>|][-+0-3a-t?.:]{0,4}(\r\n|\r\n|\r|\n)?){1,12}",
        cuts in vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
        cuts.sort_unstable();
        let limits = Limits { depth: 3, ..Limits::default() };
        agree(&expected(input.as_bytes(), limits), &drive(input.as_bytes(), limits, &cuts));
    }

    #[test]
    fn an_encoded_command_is_read_back(data in vec(any::<u8>(), 0..400)) {
        harness::encode(&data);
    }
}
