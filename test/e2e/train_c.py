"""train_c.py SOURCE BUILD: the training step in C. At every CPU level the C program has the losses of the same functions through
mg::jit, bit for bit; it learns; its workspace is used to the last byte and not beyond; it never calls malloc."""
import os
import re
import subprocess
import sys
import tempfile

LEVELS = {"v2": "x86-64-v2", "v3": "x86-64-v3", "v4": "x86-64-v4", "icelake": "icelake-server", "znver4": "znver4"}
EPOCHS = 3


def run(*command, **environment):
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def number(pattern, text):
    found = re.search(pattern, text)
    assert found, text
    return int(found[1])


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main():
    source, build = map(os.path.abspath, sys.argv[1:])
    data = f"{source}/examples/digits/data"
    doctor = run(f"{build}/bin/mgc", "doctor")
    levels = [short for short, name in LEVELS.items() if re.search(rf"\b{name}\b.*\byes\b", doctor)]
    assert "v2" in levels, doctor

    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        run(f"{source}/examples/train-c/build", build, folder)
        assert subprocess.run(["./train"], stderr=subprocess.DEVNULL).returncode == 2
        assert subprocess.run(["./train", ".", "1", "0"], stderr=subprocess.DEVNULL).returncode == 3
        peaks = set()
        for level in levels:
            curves = set()
            for seed in ("0", "1"):
                text = run("./train", data, str(EPOCHS), seed, "c.losses", MG_CPU_LIMIT=level)
                run(f"{build}/examples/train-c/train-jit", data, str(EPOCHS), seed, "jit.losses", MG_CPU_LIMIT=level)
                curve = read("c.losses")
                assert len(curve) == 4 * 22 * EPOCHS, len(curve)
                assert curve == read("jit.losses"), f"{level}, seed {seed}: C and jit differ"
                curves.add(curve)
                assert number(r"(\d+) of 360 correct", text) >= 250, text
                planned = number(r"planned peak: +(\d+) bytes", text)
                assert planned > 0, text
                peaks.add(number(r"measured peak: +(\d+) bytes", text))
                assert number(r"calls of malloc while training: (\d+)", text) == 0, text
                assert number(r"\(before: (\d+)\)", text) > 0, "nothing is counted"
            assert len(curves) == 2, f"{level}: the seed changes nothing"
        # One workspace for all CPU levels, of which tiles differ: the largest of their peaks.
        assert max(peaks) == planned or len(levels) < len(LEVELS) and max(peaks) < planned, (sorted(peaks), planned)
    print(f"C and jit agree at {' '.join(levels)}")


main()
