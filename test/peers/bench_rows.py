"""bench_rows.py benchmarks/table BUILD: every peer that is installed says the
same as NumPy about random rows of tools/bench, small ones, and about tiny whole
models, of which a step changes a cache; at least PyTorch and JAX."""
import pathlib
import sys
import tempfile

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

build = pathlib.Path(sys.argv[2])
models = {p.name: 0 for p in peers_here}
for row in suites.rows("model", ["tiny"]):
    with tempfile.TemporaryDirectory() as folder:
        row.export(build, pathlib.Path(folder))
        row.prepare()
        for name in models:
            try:
                runner = row.contestant(name, build, 1, pathlib.Path(folder), None)
                for _ in range(2):
                    row.check(runner)
                models[name] += 1
            except ours.Failed as failure:
                assert not str(failure).startswith("wrong"), (row.name, name, str(failure))
        row.release()
print(models)
assert models["torch"] == models["jax"] == 16, models
