"""many-arrays.py MGC: a sum of 1000 arrays is neither one loop, whose compilation takes longer the more it reads, nor
one for each addition; and the numbers are NumPy's."""
import re
import subprocess
import sys
import tempfile

import numpy as np

MGC, COUNT, SIZE = sys.argv[1], 1000, 100
TYPE = f"tensor<{SIZE}xf32>"


def program():
    """Pairs, then pairs of pairs: each op reads two."""
    arguments = ", ".join(f'%a{i}: {TYPE} {{mg.name = "a{i}"}}' for i in range(COUNT))
    names, lines = [f"%a{i}" for i in range(COUNT)], []
    while len(names) > 1:
        joined = []
        for left, right in zip(names[::2], names[1::2]):
            joined.append(f"%{len(lines)}")
            lines.append(f"  {joined[-1]} = mg.add {left}, {right} : {TYPE}")
        names = joined + names[2 * len(joined):]
    body = "\n".join(lines)
    return f'func.func @main({arguments}) -> ({TYPE} {{mg.name = "y"}}) {{\n{body}\n  return {names[0]} : {TYPE}\n}}\n'


def run(*words, **options):
    return subprocess.run([MGC, *words], check=True, capture_output=True, text=True, **options).stdout


with tempfile.TemporaryDirectory() as folder:
    model = f"{folder}/sum.mlir"
    with open(model, "w") as file:
        file.write(program())
    loops = re.findall(r"linalg\.generic .*? ins\((.*?) :", run("compile", model, "-o", "-", "--emit=linalg"))
    reads = [len(operands.split(",")) for operands in loops]
    assert max(reads) <= 256 and len(reads) <= COUNT / 10, reads
    arrays = {f"a{i}": np.random.default_rng(i).standard_normal(SIZE, np.float32) for i in range(COUNT)}
    np.savez(f"{folder}/in.npz", **arrays)
    run("run", model, "--input", f"@{folder}/in.npz", "--output", f"@{folder}/out.npz")
    np.testing.assert_allclose(np.load(f"{folder}/out.npz")["y"], sum(x.astype(np.float64) for x in arrays.values()),
                               rtol=0, atol=1e-3)
