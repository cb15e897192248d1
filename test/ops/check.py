"""check.py MODEL.mlir: every entry of MODEL against NumPy, eagerly and compiled for every CPU level this machine has.

An entry's reference stands above it, an expression over its arguments' names (NumPy is `np`, float inputs come as float64 where the
tolerance is in ULP, so that the reference is better than what it judges):

    // numpy @entry: np.exp(x)
    // numpy @entry ulp 2: np.exp(x)
    // numpy @entry bound: x.sum(axis=1), 14 * 2**-24 * abs(x).sum(axis=1)      the last expression bounds the absolute error
    // input @entry x: np.arange(12).reshape(3, 4)

Without a tolerance every bit must agree (NaN is NaN). Inputs are random with special values among them, unless given. Several results
are a tuple.
"""
import os
import re
import subprocess
import sys
import tempfile

import numpy as np

DTYPES = {
    "i1": np.bool_, "i8": np.int8, "i16": np.int16, "i32": np.int32, "i64": np.int64,
    "ui8": np.uint8, "ui16": np.uint16, "ui32": np.uint32, "ui64": np.uint64,
    "f16": np.float16, "f32": np.float32, "f64": np.float64,
}
LEVELS = ["x86-64-v2", "x86-64-v3", "x86-64-v4", "icelake-server", "znver4"]
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 1e-40, -1e-40, 88.5, -88.5, 1e10, -1e10, np.inf, -np.inf, np.nan]


def conv(x, w, strides, lo, hi, lhs_dilation, rhs_dilation, groups):
    """mg.conv as its definition says, one output element at a time."""
    dilated = np.zeros(x.shape[:2] + tuple((n - 1) * d + 1 for n, d in zip(x.shape[2:], lhs_dilation)))
    dilated[(...,) + tuple(slice(None, None, d) for d in lhs_dilation)] = x
    crop = tuple(slice(max(0, -a), n - max(0, -b)) for a, b, n in zip(lo, hi, dilated.shape[2:]))
    padded = np.pad(dilated[(...,) + crop], [(0, 0)] * 2 + [(max(0, a), max(0, b)) for a, b in zip(lo, hi)])
    extent = [(k - 1) * d + 1 for k, d in zip(w.shape[2:], rhs_dilation)]
    spatial = [(n - e) // s + 1 for n, e, s in zip(padded.shape[2:], extent, strides)]
    out = np.zeros((x.shape[0], w.shape[0], *spatial))
    for at in np.ndindex(*out.shape):
        group = at[1] // (w.shape[0] // groups)
        channels = slice(group * w.shape[1], (group + 1) * w.shape[1])
        window = tuple(slice(i * s, i * s + e, d) for i, s, e, d in zip(at[2:], strides, extent, rhs_dilation))
        out[at] = (padded[(at[0], channels) + window] * w[at[1]]).sum()
    return out


def fold(x, n, size, stride, dilation):
    """mg.fold of windows of the last dimension: x is (rows, windows, size)."""
    out = np.zeros((x.shape[0], n), x.dtype)
    for window in range(x.shape[1]):
        for k in range(size):
            out[:, window * stride + k * dilation] += x[:, window, k]
    return out


def scatter(x, i, u, combine):
    """mg.scatter of rows: i is (updates, 1)."""
    out = x.copy()
    for row, update in zip(i[:, 0], u):
        out[row] = combine(out[row], update)
    return out


def philox(key, count):
    """Philox4x32-10 (Salmon et al. 2011): `count` 32-bit words; word i is word i % 4 of the block with counter i // 4."""
    mask, words = 0xFFFFFFFF, []
    k = [int(v) for v in key]
    for block in range((count + 3) // 4):
        c, k0, k1 = [block & mask, block >> 32, k[2], k[3]], k[0], k[1]
        for _ in range(10):
            p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
            c = [(p1 >> 32) ^ c[1] ^ k0, p1 & mask, (p0 >> 32) ^ c[3] ^ k1, p0 & mask]
            k0, k1 = (k0 + 0x9E3779B9) & mask, (k1 + 0xBB67AE85) & mask
        words += c
    return np.array(words[:count], np.uint32)


SCOPE = {"np": np, "conv": conv, "fold": fold, "scatter": scatter, "philox": philox}


def entries(text):
    """name -> ([(argument, shape, dtype)], [result names]) of the functions of an .mlir file."""
    found = {}
    for match in re.finditer(r"func\.func\s+(?:public\s+)?@(\w+)\((.*?)\)\s*->\s*(.*?)\{\s*\n", text, re.S):
        name, arguments, results = match.groups()
        parsed = []
        for argument in re.finditer(r"%(\w+):\s*tensor<([^>]*)>", arguments):
            *shape, dtype = argument.group(2).split("x")
            parsed.append((argument.group(1), tuple(map(int, shape)), dtype))
        found[name] = (parsed, re.findall(r'mg\.name = "(\w+)"', results))
    return found


def random_input(rng, shape, dtype):
    kind = np.dtype(DTYPES[dtype])
    if kind.kind == "b":
        return rng.random(shape) < 0.5
    if kind.kind in "iu":
        info = np.iinfo(kind)
        values = rng.integers(-9 if kind.kind == "i" else 0, 10, shape).astype(kind)
        wide = rng.integers(info.min, info.max, shape, dtype=kind, endpoint=True)
        return np.where(rng.random(shape) < 0.2, wide, values)
    values = rng.normal(0, 3, shape)
    special = rng.choice(SPECIAL, shape)
    with np.errstate(over="ignore"):
        return np.where(rng.random(shape) < 0.15, special, values).astype(kind)


def ulp_distance(got, want):
    """Distance of `got` from the float64 `want`, in units in the last place of got's dtype at want."""
    info = np.finfo(got.dtype)
    with np.errstate(all="ignore"):
        rounded = want.astype(got.dtype)
        special = ~np.isfinite(rounded) | ~np.isfinite(got)
        equal = (rounded == got) | (np.isnan(rounded) & np.isnan(got))
        exponent = np.floor(np.log2(np.maximum(np.abs(want), float(info.tiny))))
        ulp = np.exp2(exponent - info.nmant)
        distance = np.abs(got.astype(np.float64) - want) / ulp
        return np.where(special, np.where(equal, 0.0, np.inf), distance)


def differences(got, want, tolerance, bound):
    """Mask of the elements that are wrong."""
    if tolerance is None:
        same = (got == want) & (np.signbit(got) == np.signbit(want)) if got.dtype.kind == "f" else got == want
        if got.dtype.kind == "f":
            same |= np.isnan(got) & np.isnan(want)
        return ~same
    if bound is not None:
        return ~(np.abs(got.astype(np.float64) - want) <= bound)
    return ~(ulp_distance(got, want) <= tolerance)


class Checker:
    def __init__(self, model, folder):
        self.model, self.folder, self.failures, self.checks = model, folder, 0, 0
        doctor = subprocess.run(["mgc", "doctor"], capture_output=True, text=True, check=True).stdout
        self.levels = [level for level in LEVELS if re.search(rf"\b{level}\b.*\byes\b", doctor)]
        if not self.levels:
            sys.exit("mgc doctor names no CPU level of this machine")

    def fail(self, what):
        self.failures += 1
        print(f"{self.model}: {what}")

    def run(self, arguments):
        done = subprocess.run(["mgc", *arguments], capture_output=True, text=True)
        if done.returncode != 0:
            self.fail(f"mgc {' '.join(arguments)}: exit {done.returncode}\n{done.stderr}")
        return done.returncode == 0

    def check(self, entry, arguments, results, tolerance, expression, given):
        rng = np.random.default_rng(sum(entry.encode()))
        inputs, options, scope = {}, [], dict(SCOPE)
        for name, shape, dtype in arguments:
            value = eval(given[name], {"np": np}) if name in given else random_input(rng, shape, dtype)
            inputs[name] = np.asarray(value, DTYPES[dtype]).reshape(shape)
            path = os.path.join(self.folder, f"{entry}.{name}.npy")
            np.save(path, inputs[name])
            options += ["--input", f"{name}=@{path}"]
            exact = inputs[name].dtype.kind != "f" or tolerance is None
            scope[name] = inputs[name] if exact else inputs[name].astype(np.float64)
        with np.errstate(all="ignore"):
            wanted = eval(expression, scope)
        wanted = list(wanted) if isinstance(wanted, tuple) else [wanted]
        bound = wanted.pop() if tolerance == "bound" else None
        if len(wanted) != len(results):
            return self.fail(f"@{entry}: the reference has {len(wanted)} results, the entry {len(results)}")
        for level in self.levels:
            where = f"@{entry} at {level}"
            if not self.run(["verify", self.model, "--entry", entry, f"--mcpu={level}", "-q", *options]):
                continue
            outputs = [os.path.join(self.folder, f"{entry}.{level}.{name}.npy") for name in results]
            writes = [word for name, path in zip(results, outputs) for word in ("--output", f"{name}=@{path}")]
            if not self.run(["run", self.model, "--entry", entry, f"--mcpu={level}", *options, *writes]):
                continue
            for name, path, want in zip(results, outputs, wanted):
                self.compare(f"{where}, {name}", np.load(path), np.asarray(want), tolerance, bound)

    def compare(self, where, got, want, tolerance, bound):
        self.checks += 1
        if got.shape != want.shape:
            return self.fail(f"{where}: shape {got.shape}, NumPy {want.shape}")
        if tolerance is None and got.dtype != want.dtype:
            return self.fail(f"{where}: dtype {got.dtype}, NumPy {want.dtype}")
        wrong = differences(got, want, tolerance, bound)
        if wrong.any():
            at = tuple(int(i) for i in np.argwhere(wrong)[0])
            self.fail(f"{where}: {int(wrong.sum())} of {wrong.size} differ, first at {at}: {got[at]!r}, NumPy {want[at]!r}")


def main():
    (model,) = sys.argv[1:]
    text = open(model).read()
    known = entries(text)
    given = {}
    for entry, name, expression in re.findall(r"^// input @(\w+) (\w+): (.*)$", text, re.M):
        given.setdefault(entry, {})[name] = expression
    with tempfile.TemporaryDirectory() as folder:
        checker = Checker(model, folder)
        references = re.findall(r"^// numpy @(\w+)( ulp [\d.]+| bound)?: (.*)$", text, re.M)
        for entry, tolerance, expression in references:
            if entry not in known:
                checker.fail(f"a reference for @{entry}, which is no entry")
                continue
            tolerance = tolerance.strip()
            tolerance = None if not tolerance else tolerance if tolerance == "bound" else float(tolerance.split()[1])
            checker.check(entry, *known[entry], tolerance, expression, given.get(entry, {}))
        for entry in set(known) - {reference[0] for reference in references}:
            checker.fail(f"@{entry} has no reference")
    print(f"{checker.checks} comparisons at {', '.join(checker.levels)}: {checker.failures} failures")
    sys.exit(1 if checker.failures or checker.checks == 0 else 0)


if __name__ == "__main__":
    main()
