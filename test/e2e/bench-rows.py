"""bench-rows.py benchmarks/table MGC: the workloads of tools/bench are what they
say. Twenty or thirty rows per seed, the same for the same seed and others for another;
NumPy's gradients of random rows by differences; every row's text is a program
that mgc takes as far as the level grad."""
import math
import subprocess
import sys

import numpy as np

sys.path.insert(0, sys.argv[1])
import reference  # noqa: E402
import report  # noqa: E402
import suites  # noqa: E402
from row import Row  # noqa: E402


def texts(suite, seed):
    return [row.mlir() for row in suites.rows(suite, [f"random:{seed}"])]


def check_seeds():
    for suite in suites.WITH_RANDOM:
        one = texts(suite, 1)
        count = 20 if suite == "memory" else 30
        assert len(one) == count and one == texts(suite, 1) and one != texts(suite, 2), suite


def check_gradient(row):
    """The derivative along a random direction, beside (f(x + h) - f(x - h)) / 2h."""
    rng = np.random.default_rng(0)
    inputs = [rng.standard_normal(v.shape) for v in row.graph.inputs]
    cotangent = rng.standard_normal(row.graph.outputs[0].shape)
    along = [rng.standard_normal(x.shape) for x in inputs]
    gradients = reference.evaluate(row.flat, [*inputs, cotangent])[1:]
    want = sum(np.sum(g * a) for g, a in zip(gradients, along))
    h = 1e-6

    def value(sign):
        moved = [x + sign * h * a for x, a in zip(inputs, along)]
        return np.sum(reference.evaluate(row.flat, [*moved, cotangent])[0] * cotangent)

    got = (value(1) - value(-1)) / (2 * h)
    assert abs(got - want) <= 1e-5 * (1 + abs(want)) * np.sqrt(cotangent.size), (row.name, got, want)


def every_op():
    """Rows of one op each, of those that have a derivative."""
    def one(op):
        def build(g):
            x, y = g.input("x", (3, 5)), g.input("y", (3, 5))
            pairs = {"add": x + y, "sub": x - y, "mul": x * y, "div": x / (y * y + 1.0), "max": x.max_with(y),
                     "min": x.min_with(y), "select": x.at_least(y).select(x, y * 2.0),
                     "reverse": x.reverse(1) * y, "transpose": x.transpose(1, 0) * y.transpose(1, 0),
                     "reshape": x.reshape(5, 3) * y.reshape(5, 3), "slice": x.slice((0, 3, 2), (1, 5, 1)),
                     "concat": g.concat([x, y], 1), "pad": (x * y).pad([1, 0], [0, 2]),
                     "broadcast": x.reduce("sum", [0]).broadcast_to(2, 5),
                     "reduce": x * y.reduce("max", [1], True),
                     "conv": g.concat([x, y], 1).reshape(1, 2, 3, 5).conv(
                         x.slice((0, 2, 1), (0, 4, 1)).reshape(2, 1, 2, 2), 2, 1, 2)}
            positive = (x * x + 0.5).unary(op) if op not in pairs else None
            g.returns(pairs[op] if op in pairs else positive * x.unary(op) if op not in ("log", "sqrt", "rsqrt")
                      else positive)
        return Row(op, build).differentiated()
    return [one(op) for op in reference.BACKWARD]


def check_rates():
    """The FLOP/s of a table are those of the definition."""
    row = next(r for r in suites.rows("contraction", ["listed"]) if r.name == "product 17x33x65")
    measured = {"suite": "contraction", "name": row.name, "threads": 1, "flops": row.work.flops, "ours_us": 0.5,
                "bound_us": 0.25, "eager_us": None, "peers": {"peer": 1.0}}
    cells = report.markdown([measured]).splitlines()[-1].split(" | ")
    conv = {r.name: r.work for r in suites.rows("conv", ["listed"])}
    by_transforms, strided = conv["3x3/1 1x64x56x56->64"], conv["3x3/2 1x64x56x56->128"]
    assert by_transforms.flops == 4 * by_transforms.fewest and strided.flops == strided.fewest
    assert cells[2:5] == [f"{2 * 17 * 33 * 65 / 0.5e3:.0f}", "50 %", "**2.00**"], cells


def check_page():
    """Tables go into a page by their headings, and nothing else of it changes."""
    row = {"suite": "conv", "name": "one", "threads": 2, "flops": 2e3, "ours_us": 2.0, "bound_us": 1.0,
           "eager_us": None, "peers": {"peer": 4.0}, "placement": "shared cache"}
    before = report.markdown([row])
    page = f"# Page\n\n{before}\nText.\n\n{report.markdown([row], 'random:3')}\nEnd.\n"
    after = report.into(page, report.markdown([row | {"ours_us": 1.0}, row | {"name": "two"}]))
    assert after.count("| one |") == 2 and after.count("| two |") == 1 and "**4.00**" in after, after
    assert after.startswith("# Page\n\n### conv, 2 threads") and "2.\n\nText.\n\n### conv, `--" in after, after
    assert after.endswith(page[page.index("### conv, `"):]) and report.into(page, before) == page, after
    try:
        report.into(page, report.markdown([row | {"threads": 3}]))
    except KeyError as heading:
        assert "conv, 3 threads" in str(heading)
    else:
        raise AssertionError("a table without a place")


def check_programs():
    for suite in ("memory", "contraction", "conv"):
        for row in suites.rows(suite, ["listed", "random:3"]):
            done = subprocess.run([sys.argv[2], "compile", "-", "-o", "-", "--emit=grad"], input=row.mlir(),
                                  capture_output=True, text=True)
            assert done.returncode == 0, (row.name, done.stderr)


check_seeds()
check_rates()
check_page()
derived = every_op() + [row for seed in range(6) for row in suites.rows("memory", [f"random:{seed}"])
           if row.wrt and row.graph.inputs[0].size < 100000]
assert len(derived) > len(reference.BACKWARD) + 8
for row in derived:
    check_gradient(row)
x = np.concatenate([np.linspace(-7, 7, 1001), [0.0, 1e-9, np.inf]])
assert np.max(np.abs(reference.erf(x) - [math.erf(t) for t in x])) < 1e-15
check_programs()
