"""digits.py SOURCE BUILD: the digits network gives the same 329 of 360 in every way it can be run, at every CPU level, and the same
bits with one thread and two."""
import os
import re
import subprocess
import sys
import tempfile

import numpy as np

LEVELS = {"v2": "x86-64-v2", "v3": "x86-64-v3", "v4": "x86-64-v4", "icelake": "icelake-server", "znver4": "znver4"}


def run(*command, **environment):
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def main():
    source, build = map(os.path.abspath, sys.argv[1:])
    digits = f"{source}/examples/digits"
    data = f"{digits}/data"
    mgc = f"{build}/bin/mgc"
    labels, exact = np.load(f"{data}/test_labels.npy"), np.load(f"{data}/mlp_logits.npy")
    doctor = run(mgc, "doctor")
    levels = {short: name for short, name in LEVELS.items() if re.search(rf"\b{name}\b.*\byes\b", doctor)}
    assert "v2" in levels, doctor

    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)

        # The .mlir, in memory.
        for short, level in levels.items():
            bits = set()
            for threads in (1, 2):
                run(mgc, "run", f"{digits}/digits.mlir", "--input", f"x=@{data}/test_images.npy", "--weights",
                    f"{data}/mlp.safetensors", "--output", "logits=@out.npy", f"--mcpu={level}", "--threads", str(threads))
                logits = np.load("out.npy")
                bits.add(logits.tobytes())
                assert (logits.argmax(1) == labels).sum() == 329, f"mgc run at {level}, {threads} threads"
                assert abs(logits - exact).max() <= 1e-4, f"mgc run at {level}, {threads} threads"
            assert len(bits) == 1, f"mgc run at {level}: one thread and two differ"

        # The C++ program, eager and just in time.
        for short in levels:
            for threads in ("1", "2"):
                text = run(f"{build}/examples/digits/digits-eager", data, "--threads", threads, MG_CPU_LIMIT=short)
                assert text.count("329 of 360 correct") == 2, text

        # The C programs: the C++ model ahead of time, and the .mlir by mgc.
        def classify():
            run("gcc", "-std=c11", "-O1", "-I.", f"-I{source}/runtime/include", f"{digits}/classify.c", "digits.o",
                f"{build}/lib/libmgrt.a", "-lpthreadpool", "-lpthread", "-lm", "-o", "classify")
            libraries = run("ldd", "./classify")
            assert not re.search(r"libstdc\+\+|LLVM|MLIR|libmg\.", libraries), libraries
            for short in levels:
                text = run("./classify", f"{data}/test_images.npy", f"{data}/test_labels.npy", f"{data}/mlp_logits.npy",
                           MG_CPU_LIMIT=short)
                assert "329 of 360 correct" in text, text

        run(f"{build}/examples/digits/digits-compile", f"{data}/mlp.safetensors")
        classify()
        run(mgc, "compile", f"{digits}/digits.mlir", "-o", "digits.o", "--weights", f"{data}/mlp.safetensors", "--weights", "embed")
        classify()
    print(f"329 of 360 in every way at {', '.join(levels.values())}")


if __name__ == "__main__":
    main()
