#!/usr/bin/env python3
"""Writes the seed corpora of the fuzz targets: python3 fuzz/seeds.py

The same samples of RESP serve the three parser targets, behind the bytes with which each
target chooses limits and cuts (see harness.rs). Inputs that once failed are added to
fuzz/corpus/<target>/ by hand under other names; this script leaves them alone.
"""

from pathlib import Path

SAMPLES = {
    "scalars": b":1\r\n:-9223372036854775808\r\n+OK\r\n$3\r\nfoo\r\n_\r\n#t\r\n#f\r\n$0\r\n\r\n",
    "doubles": b",1.5\r\n,-inf\r\n,nan\r\n,1e-300\r\n,10\r\n",
    "big_number": b"(-3492890328409238509324850943850943825024385\r\n",
    "old_nulls": b"*3\r\n$-1\r\n*-1\r\n:3\r\n",
    "errors": b"*2\r\n-WRONGTYPE no\r\n!9\r\nERR a\r\nb\r\n:1\r\n",
    "verbatim": b"=15\r\ntxt:Some string\r\n=4\r\nmkd:\r\n",
    "map": b"%2\r\n$3\r\nkey\r\n*2\r\n:1\r\n:2\r\n*0\r\n%0\r\n",
    "set": b"~3\r\n+a\r\n+b\r\n~1\r\n_\r\n",
    "push_between": b":1\r\n>2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n:2\r\n",
    "push_inside": b"*2\r\n>1\r\n:1\r\n:2\r\n",
    "attribute": b"|1\r\n+ttl\r\n:3600\r\n*2\r\n:1\r\n|1\r\n+x\r\n:2\r\n$1\r\ny\r\n",
    "attribute_chain": b"|0\r\n|1\r\n|1\r\n+a\r\n+b\r\n+k\r\n+v\r\n>1\r\n+p\r\n",
    "nested": b"*1\r\n" * 20 + b":1\r\n",
    "markers_in_text": b"$12\r\n>1\r\n$-1\r\n*2\r\r\n+*3\r\n:1\r\n",
    "exec": b"*3\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n:1\r\n*-1\r\n",
    "lone_newlines": b"+a\nb\rc\r\n-\n\r\n",
    "bad_lengths": b"$+5\r\nhello\r\n",
    "bad_map": b"%9223372036854775807\r\n",
    "streamed": b"$?\r\n;4\r\nHell\r\n;0\r\n",
    "http": b"HTTP/1.1 400 Bad Request\r\n\r\n",
}
COMMANDS = {
    "ping": [[b"PING"]],
    "hset": [[b"HSET", b"words", b"word|123", b"1"]],
    "empty": [[], [b""], [b"", b""]],
    "binary": [[b"SET", bytes(range(256))[:200], b"\r\n$1\r\n\0"]],
}


def main() -> None:
    corpus = Path(__file__).parent / "corpus"
    for target, prefix in (
        ("parser", b"\0"),
        ("parser_vs_oracle", b"\0"),
        ("split_anywhere", b"\0\1\2\3\4"),
    ):
        for name, sample in SAMPLES.items():
            write(corpus / target / name, prefix + sample)
    for name, commands in COMMANDS.items():
        packed = b"".join(
            bytes([len(args)]) + b"".join(bytes([len(arg)]) + arg for arg in args)
            for args in commands
        )
        write(corpus / "encode" / name, packed)


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    main()
