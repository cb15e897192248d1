"""padded.py MGC: convolutions with padding, most of them depthwise, of random odd shapes, computed from what another
kernel made and with something behind them: the numbers of eager mode, and of a sum in NumPy; the same bits for every
number of threads; one kernel, of which the image with its border is a part, where it can be made in pieces. Each side
of each dimension has its own padding, weights may be infinite, and borders are zeros that they are multiplied by."""
import json
import random
import subprocess
import sys
import tempfile

import numpy as np


def draw():
    """Sizes that fit; at least one side has a border."""
    while True:
        side = {"x": random.randint(9, 40), "w": random.choice([1, 2, 3, 3, 3, 5]), "rhs": random.choice([1, 1, 2, 3]),
                "stride": random.choice([1, 1, 2, 3]), "lo": random.choice([0, 1, 1, 2, 4]), "hi": random.randint(0, 3)}
        rest = side["x"] + side["lo"] + side["hi"] - ((side["w"] - 1) * side["rhs"] + 1)
        if rest >= 0 and side["lo"] + side["hi"] > 0:
            return side | {"y": rest // side["stride"] + 1}


def tensor(shape):
    return "tensor<" + "x".join(map(str, shape)) + "xf32>"


class Case:
    """clip(conv(clip(a + b)) * s [+ r]), with `before` and `after` as drawn."""

    def __init__(self):
        self.sides = [draw(), draw()]
        c = random.randint(17, 45)
        self.each = random.choice([1, 1, 1, 2])
        self.own = random.choice([1, 1, 1, 3])
        self.groups, self.n = c, random.randint(1, 3)
        self.before, self.after, self.residual = (random.random() < 0.6 for _ in range(3))
        size = self.n * c * self.own * self.of("x")[0] * self.of("x")[1]
        self.isLarge = 4 * size > 100 << 10

    def of(self, key):
        return [side[key] for side in self.sides]

    def program(self):
        o = self.groups * self.each
        self.shapes = {"x": [self.n, self.groups * self.own, *self.of("x")], "w": [o, self.own, *self.of("w")],
                       "s": [o, 1, 1], "r": [self.n, o, *self.of("y")]}
        x, w, s, y = (tensor(self.shapes[name]) for name in "xwsr")
        lines = []

        def op(name, operands, result):
            lines.append(f"%{len(lines)} = mg.{name} {operands} : {result}")
            return f"%{len(lines) - 1}"

        image, result = "%x", None
        if self.before:
            image = op("max", f'{op("add", "%x, %x", x)}, {op("constant", "dense<-0.5>", x)}', x)
        result = op(f"conv {image}, %w strides {self.of('stride')} lo {self.of('lo')} hi {self.of('hi')} lhs_dilation "
                    f"[1, 1] rhs_dilation {self.of('rhs')} groups {self.groups}", "", f"({x}, {w}) -> {y}")
        if self.after:
            result = op("mul", f'{result}, {op("broadcast", "%s [1, 2, 3]", f"{s} -> {y}")}', y)
            if self.residual:
                result = op("add", f"{result}, %r", y)
            result = op("min", f'{result}, {op("constant", "dense<3.0>", y)}', y)
        arguments = ", ".join(f'%{name}: {tensor(self.shapes[name])} {{mg.name = "{name}"}}' for name in "xwsr")
        return (f'module attributes {{mg.name = "k"}} {{ func.func @main({arguments}) -> ({y} {{mg.name = "y"}}) {{\n'
                + "\n".join(lines) + f"\nreturn {result} : {y}\n}} }}\n")

    def reference(self, values):
        x, w = values["x"].astype(np.float64), values["w"].astype(np.float64)
        if self.before:
            x = np.maximum(x + x, -0.5)
        x = np.pad(x, [(0, 0), (0, 0), *zip(self.of("lo"), self.of("hi"))])
        x = x.reshape(self.n, self.groups, 1, self.own, *x.shape[2:])
        w = w.reshape(self.groups, self.each, self.own, *w.shape[2:])
        y, size = 0, 0
        (h, v), (hs, vs), (hd, vd) = self.of("y"), self.of("stride"), self.of("rhs")
        for i in range(w.shape[-2]):
            for j in range(w.shape[-1]):
                part = x[..., i * hd:i * hd + (h - 1) * hs + 1:hs, j * vd:j * vd + (v - 1) * vs + 1:vs]
                products = part * w[None, :, :, :, i, j, None, None]
                y, size = y + products.sum(3), size + abs(products).sum(3)
        y, size = y.reshape(self.shapes["r"]), size.reshape(self.shapes["r"])
        if self.after:
            y = y * values["s"]
            if self.residual:
                y = y + values["r"]
            y = np.minimum(y, 3.0)
        return y, (size * abs(values["s"] if self.after else 1) + 4) * (self.own * 25 + 8) * 2.0 ** -24


def mgc(text, *arguments):
    done = subprocess.run([sys.argv[1], *arguments], input=text, capture_output=True, text=True)
    assert done.returncode == 0, text + done.stdout + done.stderr
    return done.stdout


def check(case, folder, special):
    text = case.program()
    values = {name: np.random.standard_normal(shape).astype(np.float32) for name, shape in case.shapes.items()}
    if special:
        values["w"].reshape(-1)[np.random.randint(values["w"].size)] = special
    inputs = []
    for name, value in values.items():
        np.save(f"{folder}/{name}.npy", value)
        inputs += ["-i", f"{name}=@{folder}/{name}.npy"]
    level = random.choice(["native", "x86-64-v2", "x86-64-v3"])
    mgc(text, "verify", "-", "--mcpu", level, *inputs)
    results = []
    for threads in ("1", "3"):
        mgc(text, "run", "-", "--mcpu", level, "--threads", threads, *inputs, "--output", f"y=@{folder}/y.npy")
        results.append(np.load(f"{folder}/y.npy"))
    assert results[0].tobytes() == results[1].tobytes(), "threads change bits\n" + text
    want, bound = case.reference(values)
    isNumber = np.isfinite(want)
    assert (np.isfinite(results[0]) == isNumber).all(), text
    assert (abs(results[0] - want)[isNumber] <= bound[isNumber]).all(), text
    if case.isLarge and case.own == 1 and case.each == 1:
        entry = json.loads(mgc(text, "inspect", "-", "--json"))["entries"][0]
        assert len(entry["kernels"]) <= 1 + case.before, f"{len(entry['kernels'])} kernels\n" + text
        image = values["x"].nbytes
        padded = image * np.prod([s["x"] + s["lo"] + s["hi"] for s in case.sides]) // np.prod(case.of("x"))
        if padded / case.n > 64 << 10:
            assert entry["peak_bytes"] < padded + case.before * image, "the whole image has a border\n" + text
    return case.isLarge


np.seterr(invalid="ignore")
random.seed(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
np.random.seed(1)
with tempfile.TemporaryDirectory() as folder:
    large = sum(check(Case(), folder, np.inf if i % 4 == 1 else None) for i in range(24))
    assert large > 6, "too few images were large enough for pieces"
