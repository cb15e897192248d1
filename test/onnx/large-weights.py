#!/usr/bin/env python3
"""What compiling a large ONNX model takes, with its weights in another file.

    large-weights.py MGC [--matrices 64] [--size 2896] [--verify]
    large-weights.py MGC --nodes 10,100,1000,10000 [--verify]

The first is a row of products with MATRICES weights of SIZE x SIZE f32: 2 GB as
it stands. The peak of the compiler's resident memory, mapped pages included, must
be less than 1.5 times the weights' bytes. --verify also runs the model compiled and
eagerly. The second prints the time, of the CPU and not of the clock, that
compiling so many layers takes: products, each with a weight and a bias of its own,
and sums, each with a bias. Nothing is asserted of the time.
"""
import argparse
import math
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


def noise(generator, name, *shape):
    count = math.prod(shape)
    return tensor(name, FLOAT, list(shape),
                  floats(*(generator.uniform(-0.5, 0.5) for _ in range(count))))


def chain(nodes, weights, last, size):
    return model(graph(nodes, [value("x0", FLOAT, [4, size])], [value(last, FLOAT, [4, size])],
                       weights))


def dense_layers(count, size=16):
    """x = relu(x * w + b), again and again."""
    generator = random.Random(2)
    nodes, weights = [], []
    for i in range(count):
        weights += [noise(generator, f"w{i}", size, size), noise(generator, f"b{i}", size)]
        nodes += [node("MatMul", [f"x{i}", f"w{i}"], [f"m{i}"]),
                  node("Add", [f"m{i}", f"b{i}"], [f"a{i}"]),
                  node("Relu", [f"a{i}"], [f"x{i + 1}"])]
    return chain(nodes, weights, f"x{count}", size)


def sums(count, size=16):
    """x = tanh(x + b), again and again."""
    generator = random.Random(3)
    nodes, weights = [], []
    for i in range(count):
        weights.append(noise(generator, f"b{i}", size))
        nodes += [node("Add", [f"x{i}", f"b{i}"], [f"a{i}"]), node("Tanh", [f"a{i}"], [f"x{i + 1}"])]
    return chain(nodes, weights, f"x{count}", size)


def measure_time(mgc, folder, counts, verify):
    path = folder / "layers.onnx"
    for count in counts:
        for name, layers in (("products", dense_layers), ("sums", sums)):
            path.write_bytes(layers(count))
            for level, extra in (("import", ["--emit", "mg"]), ("compile", [])):
                status, cpu, peak, _ = run(mgc, "compile", path, "-o", folder / "layers.o", *extra)
                print(f"{count:6} {name}, {level}: {cpu:.2f} s of CPU, {peak / 1e6:.0f} MB",
                      flush=True)
                if status:
                    sys.exit(f"mgc compile: exit {status}")
            if verify and run(mgc, "verify", path)[0]:
                sys.exit("eager and compiled differ")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mgc")
    parser.add_argument("--matrices", type=int, default=64)
    parser.add_argument("--size", type=int, default=2896)
    parser.add_argument("--verify", action="store_true")
    parser.add_argument("--nodes", help="numbers of layers, with commas")
    options = parser.parse_args()
    mgc = pathlib.Path(options.mgc).resolve()
    with tempfile.TemporaryDirectory() as name:
        if options.nodes:
            measure_time(mgc, pathlib.Path(name), map(int, options.nodes.split(",")),
                         options.verify)
        else:
            measure_memory(mgc, pathlib.Path(name), options)


if __name__ == "__main__":
    main()
