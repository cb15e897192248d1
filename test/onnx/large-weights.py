#!/usr/bin/env python3
"""What compiling a large ONNX model takes, with its weights in another file.

    large-weights.py MGC [--matrices 64] [--size 2896] [--verify]
    large-weights.py MGC --nodes 10,100,1000,10000

The first is a row of products with MATRICES weights of SIZE x SIZE f32: 2 GB as
it stands. The peak of the compiler's resident memory, mapped pages included, must
be less than 1.5 times the weights' bytes. --verify also runs the model compiled and
eagerly. The second prints the time, of the CPU and not of the clock, that
compiling so many nodes takes. Nothing is asserted of that one.
"""
import argparse
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

from onnx_file import *


def products(count, size, file):
    """y = x * w0' * w1' .., the weights one after the other in `file`. Their rows are
    added up, so the compiler lays them out anew."""
    each = size * size * 4
    weights = [tensor(f"w{i}", FLOAT, [size, size], external={
        "location": file, "offset": i * each, "length": each}) for i in range(count)]
    nodes = [node("Gemm", [f"x{i}", f"w{i}"], [f"x{i + 1}"], transB=1) for i in range(count)]
    return model(graph(nodes, [value("x0", FLOAT, [256, size])],
                       [value(f"x{count}", FLOAT, [256, size])], weights))


def write_weights(path, count, size):
    """Small numbers, so that their products stay small; each matrix another."""
    generator = random.Random(1)
    row = [generator.uniform(-1, 1) / size**0.5 for _ in range(size * 2)]
    with open(path, "wb") as file:
        for i in range(count):
            begin = i * 37 % size
            rows = [floats(*row[(begin + j) % size:(begin + j) % size + size]) for j in range(size)]
            file.write(b"".join(rows))


def run(*arguments):
    """Exit status, seconds of CPU, peak of resident bytes."""
    start = time.monotonic()
    process = subprocess.Popen(list(map(str, arguments)))
    _, status, usage = os.wait4(process.pid, 0)
    return (os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss * 1024, time.monotonic() - start)


def measure_memory(mgc, folder, options):
    write_weights(folder / "weights.bin", options.matrices, options.size)
    (folder / "large.onnx").write_bytes(products(options.matrices, options.size, "weights.bin"))
    mapped = (folder / "weights.bin").stat().st_size
    status, cpu, peak, clock = run(mgc, "compile", folder / "large.onnx", "-o", folder / "large.o")
    print(f"{mapped / 1e6:.0f} MB of weights: peak {peak / 1e6:.0f} MB, {peak / mapped:.2f} of them; "
          f"{cpu:.1f} s of CPU, {clock:.1f} s")
    if status:
        sys.exit(f"mgc compile: exit {status}")
    if (folder / "large.safetensors").stat().st_size < mapped:
        sys.exit("the weights were not written")
    if peak >= 1.5 * mapped:
        sys.exit("too much memory")
    if options.verify and run(mgc, "verify", folder / "large.onnx")[0]:
        sys.exit("eager and compiled differ")


def measure_time(mgc, folder, counts):
    generator = random.Random(2)
    matrix = floats(*(generator.uniform(-0.2, 0.2) for _ in range(64 * 64)))
    for count in counts:
        nodes = [node("MatMul", [f"x{i}", f"w{i % 10}"], [f"x{i + 1}"]) for i in range(count)]
        (folder / "nodes.onnx").write_bytes(model(graph(
            nodes, [value("x0", FLOAT, [4, 64])], [value(f"x{count}", FLOAT, [4, 64])],
            [tensor(f"w{i}", FLOAT, [64, 64], matrix) for i in range(10)])))
        for level, extra in (("import", ["--emit", "mg"]), ("compile", [])):
            status, cpu, peak, _ = run(mgc, "compile", folder / "nodes.onnx", "-o",
                                       folder / "nodes.o", *extra)
            print(f"{count:6} nodes, {level}: {cpu:.2f} s of CPU, {peak / 1e6:.0f} MB, exit {status}",
                  flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mgc")
    parser.add_argument("--matrices", type=int, default=64)
    parser.add_argument("--size", type=int, default=2896)
    parser.add_argument("--verify", action="store_true")
    parser.add_argument("--nodes", help="numbers of nodes, with commas")
    options = parser.parse_args()
    mgc = pathlib.Path(options.mgc).resolve()
    with tempfile.TemporaryDirectory() as name:
        if options.nodes:
            measure_time(mgc, pathlib.Path(name), map(int, options.nodes.split(",")))
        else:
            measure_memory(mgc, pathlib.Path(name), options)


if __name__ == "__main__":
    main()
