"""bench_rows.py benchmarks/table: every peer that is installed says the same as
NumPy about random rows of tools/bench, small ones; at least PyTorch and JAX."""
import sys

sys.path.insert(0, sys.argv[1])
import ours  # noqa: E402
import peers  # noqa: E402
import suites  # noqa: E402


def installed():
    for peer in peers.ALL.values():
        try:
            peer.version()
            yield peer
        except ImportError:
            print(f"no {peer.name}")


def rows():
    for suite, seed in (("memory", 1), ("memory", 2), ("contraction", 1), ("conv", 1)):
        for row in suites.rows(suite, [f"random:{seed}"]):
            if sum(v.size for v in row.graph.inputs) < 400000 and row.work.flops < 1e8:
                yield row


# What compiles a row for seconds is left to tools/bench, which checks as well.
peers_here = [p for p in installed() if p is not peers.TorchCompiled]
compared = {p.name: 0 for p in peers_here}
for row in rows():
    row.prepare()
    for peer in peers_here:
        try:
            row.check(peer(row, 1))
            compared[peer.name] += 1
        except ours.Failed as failure:
            # What a peer cannot say is no error; what it says wrong is.
            assert not str(failure).startswith("wrong"), (row.name, peer.name, str(failure))
    row.release()
print(compared)
assert compared["torch"] == compared["jax"] > 25, compared
