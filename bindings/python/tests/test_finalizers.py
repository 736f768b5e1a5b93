"""Clients, pools and futures that finalizers use: in a cycle that is collected, and at the end of the interpreter."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

import oxipipe

#: What `End.__del__` does, in this order. An exception ends one line.
USES = """
    r.get("k")
    r.command()
    r.incr("l")
    r.pipeline(False).get("k").hgetall("h").incr("l").execute(False)
    p.get("k").hgetall("h").execute()
    t.get("bad")
    t.pipeline().get("bad").execute(False)
    r.lease().command("SUBSCRIBE", "a")
    r.submit("PING").result()
    type(r)(unix_socket_path=path).ping()
    f.cancel()
    f.result()
    f.add_done_callback(print)
    q.get("k").result()
    q.pipeline().get("k").incr("l").execute().result()
    q.get("k"), q.flush()
    loop.run_until_complete(a.get("k"))
    loop.run_until_complete(a.pipeline().get("k").incr("l").execute())
    a.get("k"), a.close()
    r.close(), r.ping()
    q.close(), q.ping()
"""
#: Where the object is that has a finalizer.
PLACES = {
    "cycle": "e = End(); e.me = e; del e, r, p, t, q, f, loop, a; gc.collect()",
    "program": "keep = End()",
    "sys": "sys.keep = End()",
    "package": "e = End(); e.me = e; oxipipe.keep = e; del e",
}


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="finalizers run when they like")
@pytest.mark.parametrize("place", PLACES)
def test_finalizers_may_use_what_they_have(server: oxipipe.Server, place: str) -> None:
    """What they get may be an exception, and never the end of the process."""
    with server.connect() as r:
        r.delete("l")
        r.rpush("l", 1)
        r.set("bad", b"\xff")
    program = f"""
        import asyncio, gc, sys, warnings
        import oxipipe, oxipipe.asyncio
        warnings.simplefilter("ignore")
        path = {server.unix_socket_path!r}
        r = oxipipe.Redis(unix_socket_path=path)
        t = oxipipe.Redis(unix_socket_path=path, decode_responses=True)
        r.ping(), t.ping()
        p, q = r.pipeline(False), oxipipe.Pool(unix_socket_path=path, connections=1)
        f = q.echo("x")
        loop, a = asyncio.new_event_loop(), oxipipe.asyncio.Redis(unix_socket_path=path)
        async def ping(): await a.ping()
        loop.run_until_complete(ping())
        class End:
            def __init__(self):
                self.all = r, p, t, q, f, loop, a, path
                self.uses = [compile(line.strip(), "use", "eval") for line in {USES.splitlines()[1:]!r}]
                self.print, self.eval, self.error = print, eval, Exception
            def __del__(self):
                r, p, t, q, f, loop, a, path = self.all
                names = dict(r=r, p=p, t=t, q=q, f=f, loop=loop, a=a, path=path, type=type, print=print)
                for use in self.uses:
                    try:
                        self.eval(use, names)
                    except self.error:
                        pass
                self.print("used all", flush=True)
        {PLACES[place]}
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    if place != "sys":  # which has no standard output by then
        assert "used all" in done.stdout, done.stderr
    assert "Fatal" not in done.stderr
