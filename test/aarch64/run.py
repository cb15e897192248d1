"""run.py --build DIR --source DIR --clang CLANG [--random PROGRAM --count N]

Compiles each model of Inputs, and each of N random contractions, for this
machine and for aarch64, links both with the same driver, runs the second under
qemu-user with 1, 2 and 3 threads, and compares: equal bits for all numbers of
threads; of whole numbers equal results on both machines; of functions nearly.
A failure prints what differs and the folder with everything; exit status 1."""
import argparse
import math
import pathlib
import shutil
import subprocess
import sys
import tempfile

# Of an element of a result, by the result's largest: their functions round.
APPROXIMATE = {"softmax": 1e-6, "layer_norm": 1e-5, "network": 1e-4, "scaled": 1e-6}


def call(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, words))}: status {done.returncode}: {done.stderr.strip()[:2000]}")
    return done.stdout


class Machine:
    """How a model is built and run for an architecture."""

    def __init__(self, options, level, runtime, flags, run):
        self.level, self.run = level, run
        here = options.source / "test/aarch64"
        self.compile = [options.clang, "-std=gnu11", "-O1", *flags, f"-I{options.source}/runtime/include"]
        self.rest = [here / "drive.c", here / "pthreads.c"]
        self.runtime = options.build / "lib" / runtime
        self.mgc = options.build / "bin/mgc"

    def build(self, model, folder):
        out = folder / f"{model.stem}.{self.level}"
        name = next(line.split('mg.name = "')[1].split('"')[0] for line in model.read_text().splitlines()
                    if "module attributes" in line)
        call(self.mgc, "compile", model, f"--mcpu={self.level}", "-q", "-o", f"{out}.o")
        call(*self.compile, f"-DMODEL={name}_model", *self.rest, f"{out}.o", self.runtime, "-lpthread", "-lm", "-o", out)
        return out

    def results(self, program, threads):
        return call(*self.run, program, threads)


def difference(one, other, tolerance):
    """The first line that differs too much, or nothing."""
    one, other = one.splitlines(), other.splitlines()
    if len(one) != len(other):
        return f"{len(one)} and {len(other)} lines"
    title, block = "", []

    def check():
        finite = [abs(x) for x, _ in block if math.isfinite(x)]
        bound = tolerance * max(finite, default=0)
        for i, (x, y) in enumerate(block):
            if x != y and not (math.isnan(x) and math.isnan(y)) and not abs(x - y) <= bound:
                return f"{title}, element {i}: {x!r} and {y!r}"
        return ""
    for x, y in zip(one, other):
        if x.startswith("result"):
            if x != y or (found := check()):
                return found if x == y else f"{x} and {y}"
            title, block = x, []
        else:
            block.append((float(x), float(y)))
    return check()


def problem(model, here, there, folder):
    """What is wrong with one model, or nothing."""
    expected = here.results(here.build(model, folder), 1)
    program = there.build(model, folder)
    alone = there.results(program, 1)
    for threads in (2, 3):
        if found := difference(alone, there.results(program, threads), 0):
            return f"{threads} threads and 1: {found}"
    return difference(expected, alone, APPROXIMATE.get(model.stem, 0))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("build", "source", "clang"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--random", type=pathlib.Path)
    parser.add_argument("--first", type=int, default=2)
    parser.add_argument("--count", type=int, default=0)
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="aarch64-"))
    here = Machine(options, "native", "libmgrt.a", [], [])
    there = Machine(options, "aarch64", "libmgrt_aarch64.a", ["--target=aarch64-linux-gnu", "-fuse-ld=lld", "-static"],
                    ["qemu-aarch64"])
    models = sorted((options.source / "test/aarch64/Inputs").glob("*.mlir"))
    for seed in range(options.first, options.first + 2 * options.count, 2):  # the even ones are exact
        text = call(options.random, "--first", seed, "--count", 1, "--show")
        models.append(folder / f"random{seed}.mlir")
        models[-1].write_text(text)
    failures = 0
    for model in models:
        try:
            found = problem(model, here, there, folder)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            found = str(error)
        if found:
            failures += 1
            print(f"{model}: {found}")
    print(f"{len(models)} models, {failures} failures")
    if failures:
        print(f"the files are in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
