"""known-operands.py: a model for `mgc verify`, an entry for each elementwise function and each value of its operands, which are known while
compiling: as the padding of an array without elements, as what topk gathers of that, as a product of the two, and as the index of a loop of one step. What is computed
while compiling has the bits of the eager kernels, which hear of the operands at run time."""
import itertools

UNARY = "exp expm1 log log1p sqrt sin cos tan tanh atan erf floor ceil round_even trunc rsqrt logistic neg abs sign".split()
BINARY = "add sub mul div rem max min pow atan2".split()
VALUES = ["0.0", "-0.0", "0.3", "-1.7", "37.5"]
SPECIAL = {"f32": ["0x7F800000", "0xFF800000", "0x7FC00000"],
           "f64": ["0x7FF0000000000000", "0xFFF0000000000000", "0x7FF8000000000000"]}


def entry(name, dtype, values, body):
    """A function of nothing; %pad0, %top0 and so on are tensors of two elements with the one value."""
    lines = [f"    %none = mg.mul %e, %e : tensor<0x{dtype}>"]
    for i, value in enumerate(values):
        lines += [f"    %value{i} = mg.constant dense<{value}> : tensor<{dtype}>",
                  f"    %pad{i} = mg.pad %none, %value{i} lo [0] hi [2] interior [2] : "
                  f"(tensor<0x{dtype}>, tensor<{dtype}>) -> tensor<2x{dtype}>",
                  f"    %top{i}, %at{i} = mg.topk %pad{i} dim 0 k 2 : tensor<2x{dtype}> -> tensor<2x{dtype}>, tensor<2xi32>"]
    lines += [f"    {line} : tensor<2x{dtype}>" for line in body]
    return "\n".join([f'  func.func @{name}(%e: tensor<0x{dtype}> {{mg.name = "e"}}) -> (tensor<2x{dtype}> {{mg.name = "y"}}) {{',
                      *lines, f"    return %y : tensor<2x{dtype}>", "  }"])


entries = []
for dtype in ("f32", "f64"):
    values = VALUES + SPECIAL[dtype]
    for name, (i, value) in itertools.product(UNARY, enumerate(values)):
        entries.append(entry(f"{name}_{dtype}_{i}", dtype, [value], [f"%y = mg.{name} %pad0"]))
    # What folds in two steps.
    for name, (i, value) in itertools.product(("exp", "sin", "tanh"), enumerate(VALUES)):
        entries.append(entry(f"{name}_of_square_{dtype}_{i}", dtype, [value], ["%square = mg.mul %pad0, %top0", f"%y = mg.{name} %square"]))
    few = VALUES[:3] + SPECIAL[dtype][1:]
    for name, (i, u), (k, v) in itertools.product(BINARY, enumerate(few), enumerate(few)):
        entries.append(entry(f"{name}_{dtype}_{i}{k}", dtype, [u, v], [f"%y = mg.{name} %pad0, %top1"]))
# What is known of a loop of one step: its index, and what integers make of it.
for dtype in ("f32", "f64"):
    index = ["%i = mg.iota dim 0 : tensor<1xi32>", "%k = mg.add %i, %five : tensor<1xi32>"]
    for name in ("exp", "log", "sin", "tanh", "erf"):
        body = [f"%x = mg.convert truncate %k : tensor<1xi32> -> tensor<1x{dtype}>", f"%y = mg.{name} %x : tensor<1x{dtype}>"]
        entries.append("\n".join([f'  func.func @{name}_of_index_{dtype}() -> (tensor<1x{dtype}> {{mg.name = "y"}}) {{',
                                  "    %five = mg.constant dense<5> : tensor<1xi32>", *index, *body, f"    return %y : tensor<1x{dtype}>", "  }"]))
    entries.append("\n".join([f'  func.func @atan2_of_index_{dtype}() -> (tensor<1x{dtype}> {{mg.name = "y"}}) {{',
                              f"    %x = mg.iota dim 0 : tensor<1x{dtype}>", f"    %y = mg.atan2 %x, %x : tensor<1x{dtype}>",
                              f"    return %y : tensor<1x{dtype}>", "  }"]))
print('module attributes {mg.name = "known"} {', *entries, "}", sep="\n")
