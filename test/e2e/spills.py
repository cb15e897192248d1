"""spills.py MGC [--level LEVEL ..] [--print]

The sums of a contraction stay in registers: in the assembly of each program
below, at each CPU level, no block with ten or more multiply-adds on vectors
moves a vector to or from the stack. Where a program says that it fills a
register tile, there is such a block. Failures are printed; exit status 1."""
import argparse
import re
import subprocess
import sys
import tempfile

HOT = 10

# Multiply-adds by their mnemonic (of a product and a sum apart, the product),
# and a vector's way to or from the stack.
X86 = re.compile(r"\t(?:vfmadd\w*p[sd]|v?mulp[sd]|vdpbf16ps|vpdpbusds?|vpdpwssd|v?pmaddwd|v?pmulld)\t.*%[xyz]mm")
X86_STACK = re.compile(r"\tv?mov[au]p[sd]\t(?:.*\(%r[sb]p\), %[xyz]mm|%[xyz]mm\d+, .*\(%r[sb]p\))|"
                       r"\tv?movdq[au]\w*\t(?:.*\(%r[sb]p\), %[xyz]mm|%[xyz]mm\d+, .*\(%r[sb]p\))|"
                       r"\tv(?:fmadd|dp|pdp)\w*\t.*\(%r[sb]p\)")
ARM = re.compile(r"\t(?:fmla|fmlal2?|bfdot|bfmmla|sdot|udot|mla|smlal2?|umlal2?)\tv")
ARM_STACK = re.compile(r"\t(?:ldr|str|ldp|stp|ldur|stur)\tq.*\[(?:sp|x29)")
LEVELS = {"x86-64-v2": (X86, X86_STACK), "x86-64-v3": (X86, X86_STACK), "x86-64-v4": (X86, X86_STACK),
          "icelake-server": (X86, X86_STACK), "znver4": (X86, X86_STACK), "aarch64": (ARM, ARM_STACK)}


def function(name, arguments, body, result):
    listed = ", ".join(f"%{chr(97 + i)}: tensor<{t}>" for i, t in enumerate(arguments))
    return (f'module attributes {{mg.name = "{name}"}} {{\n  func.func @f({listed}) -> tensor<{result}> {{\n'
            + "".join(f"    {line}\n" for line in body) + f"    return %y : tensor<{result}>\n  }}\n}}\n")


def dot(m, n, k, element="f32", result=None, left="mk", right="kn"):
    """`left`, `right`: the order of an operand's dimensions."""
    result, sizes = result or element, {"m": m, "n": n, "k": k}
    a, b = ("x".join(str(sizes[d]) for d in order) + f"x{element}" for order in (left, right))
    c = f"{m}x{n}x{result}"
    return function("dot", [a, b], [f"%y = mg.dot %a, %b contract [{left.index('k')}] x [{right.index('k')}] : "
                                    f"(tensor<{a}>, tensor<{b}>) -> tensor<{c}>"], c)


def biased(m, n, k, element="f32"):
    """With a bias, tanh and a residual on the tile."""
    a, b, v, c = f"{m}x{k}x{element}", f"{k}x{n}x{element}", f"{n}x{element}", f"{m}x{n}x{element}"
    return function("biased", [a, b, v, c], [
        f"%p = mg.dot %a, %b contract [1] x [0] : (tensor<{a}>, tensor<{b}>) -> tensor<{c}>",
        f"%v = mg.broadcast %c [1] : tensor<{v}> -> tensor<{c}>", f"%q = mg.add %p, %v : tensor<{c}>",
        f"%t = mg.tanh %q : tensor<{c}>", f"%y = mg.add %t, %d : tensor<{c}>"], c)


def batched(batch, m, n, k):
    a, b, c = f"{batch}x{m}x{k}xf32", f"{batch}x{k}x{n}xf32", f"{batch}x{m}x{n}xf32"
    return function("batched", [a, b], [f"%y = mg.dot %a, %b contract [2] x [1] batch [0] x [0] : "
                                        f"(tensor<{a}>, tensor<{b}>) -> tensor<{c}>"], c)


def conv(batch, channels, size, out, window, stride=1, groups=1, element="f32"):
    pad = window // 2
    extent = (size + 2 * pad - window) // stride + 1
    x, w = f"{batch}x{channels}x{size}x{size}x{element}", f"{out}x{channels // groups}x{window}x{window}x{element}"
    y = f"{batch}x{out}x{extent}x{extent}x{element}"
    return function("conv", [x, w], [
        f"%y = mg.conv %a, %b strides [{stride}, {stride}] lo [{pad}, {pad}] hi [{pad}, {pad}] lhs_dilation [1, 1] "
        f"rhs_dilation [1, 1] groups {groups} : (tensor<{x}>, tensor<{w}>) -> tensor<{y}>"], y)


# Name, program, and whether it fills a register tile at every level.
PROGRAMS = [(f"dot {m}x{n}x{k}", dot(m, n, k), full) for m, n, k, full in (
    (64, 64, 64, True), (512, 512, 512, True), (1024, 1024, 1024, True), (127, 129, 131, False),
    (17, 33, 65, True), (1, 3072, 768, False), (3, 3072, 768, False), (7, 768, 3072, False), (768, 5, 3072, False),
    (8, 8, 20000, False), (128, 3072, 768, True))]
PROGRAMS += [(f"dot {left} {right}", dot(128, 192, 256, left=left, right=right), (left, right) != ("km", "kn"))
             for left in ("mk", "km") for right in ("kn", "nk")]
PROGRAMS += [(f"dot {element}->{result}", dot(128, 192, 256, element, result), True) for element, result in (
    ("f64", "f64"), ("bf16", "bf16"), ("bf16", "f32"), ("f16", "f16"), ("f16", "f32"), ("i8", "i32"), ("i32", "i32"))]
PROGRAMS += [("biased", biased(128, 768, 768), True), ("biased bf16", biased(128, 768, 768, "bf16"), True),
             ("4096 of 4x4", batched(4096, 4, 4, 4), False), ("12 of 128x64", batched(12, 128, 128, 64), True)]
PROGRAMS += [("conv 3x3", conv(1, 64, 56, 64, 3), False), ("conv 7x7/2", conv(1, 3, 224, 64, 7, 2), True),
             ("conv 1x1", conv(1, 256, 14, 64, 1), True), ("conv 3x3 of 7x7", conv(1, 512, 7, 512, 3), False),
             ("depthwise", conv(1, 96, 56, 96, 3, 1, 96), False), ("groups", conv(2, 32, 28, 64, 3, 1, 4), False)]

# Known, with the reason: (program, level or all).
EXCEPTIONS = {("dot f16->f16", ""), ("dot f16->f32", ""),  # halves are widened by whole-number steps in the loop
              ("depthwise", "x86-64-v2"),                  # nine splats of weights and the sums: 16 registers
              ("conv 3x3", "x86-64-v3")}                   # no sum: the transform of Winograd's weights, 9 to 16 numbers


def blocks(assembly):
    block = []
    for line in assembly.splitlines():
        if re.match(r"\S+:", line) or re.match(r"\t(?:j\w+|b\.\w+|cbn?z|tbn?z|b|ret\w*)\s", line + " "):
            yield block
            block = []
        block.append(line)
    yield block


def examine(assembly, level):
    """How many hot blocks, and the lines that spill in them."""
    product, stack = LEVELS[level]
    hot, spills = 0, []
    for function in assembly.split(".cfi_startproc"):
        # A frame pointer that is none is a register like others.
        if "movq\t%rsp, %rbp" not in function:
            function = function.replace("(%rbp", "(%free")
        if not re.search(r"\t(?:mov|add)\tx29, sp", function):
            function = function.replace("[x29", "[free")
        for block in blocks(function):
            if sum(bool(product.search(line)) for line in block) >= HOT:
                hot += 1
                spills += [line.strip() for line in block if stack.search(line)]
    return hot, spills


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mgc")
    parser.add_argument("--level", action="append")
    parser.add_argument("--print", action="store_true", help="what was counted")
    options = parser.parse_args()
    failures = 0
    for name, text, full in PROGRAMS:
        with tempfile.NamedTemporaryFile("w", suffix=".mlir") as file:
            file.write(text)
            file.flush()
            for level in options.level or LEVELS:
                done = subprocess.run([options.mgc, "compile", file.name, f"--mcpu={level}", "--emit=asm", "-o", "-"],
                                      capture_output=True, text=True, timeout=300)
                if done.returncode != 0:
                    failures += 1
                    print(f"{name}, {level}: {done.stderr.strip()}")
                    continue
                hot, spills = examine(done.stdout, level)
                if options.print:
                    print(f"{name}, {level}: {hot} hot blocks, {len(spills)} spills")
                known = not EXCEPTIONS.isdisjoint({(name, level), (name, "")})
                if (spills and not known) or (full and hot == 0):
                    failures += 1
                    print(f"{name}, {level}: {hot} hot blocks; spills: {'; '.join(spills[:4])}")
    print(f"{len(PROGRAMS)} programs, {failures} failures")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
