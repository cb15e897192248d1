"""dilated.py MGC: convolutions of dilated images of random shapes, compiled and
op by op, which puts the zeros there and multiplies by them: the same numbers,
and the same places without one where weights or images are infinite or none."""
import random
import subprocess
import sys
import tempfile

import numpy as np


def draw():
    """Sizes that fit."""
    side = {}
    while True:
        side = {"x": random.choice([1, 2, 3, 4, 5, 5, 19]), "w": random.randint(1, 4), "lhs": random.randint(1, 3),
                "rhs": random.choice([1, 1, 1, 2]), "stride": random.choice([1, 1, 1, 2]),
                "lo": random.randint(-2, 4), "hi": random.randint(-2, 4)}
        dilated = (side["x"] - 1) * side["lhs"] + 1
        rest = dilated + side["lo"] + side["hi"] - ((side["w"] - 1) * side["rhs"] + 1)
        if rest >= 0 and dilated + min(side["lo"], 0) + min(side["hi"], 0) > 0:
            return side | {"y": rest // side["stride"] + 1}


def tensor(shape, element):
    return "tensor<" + "x".join(map(str, shape)) + f"x{element}>"


def turned(shape, w, element):
    """The shape of weights %g, and the lines that make %w of them: themselves,
    back to front, or as a transposed convolution's weights lie."""
    dims = random.sample(range(len(shape)), random.randint(0, len(shape)))
    lines = f"  %r = mg.reverse %g {dims} : "
    if random.random() < 0.5:
        return shape, lines.replace("%r", "%w") + w + "\n"
    given = [shape[1], shape[0], *shape[2:]]
    apart, moved = [1, *given], [1, *shape]
    perm = [0, 2, 1, *range(3, len(moved))]
    return given, (lines + tensor(given, element) + f"\n  %a = mg.reshape %r : {tensor(given, element)} -> {tensor(apart, element)}\n"
                   f"  %m = mg.transpose %a {perm} : {tensor(apart, element)} -> {tensor(moved, element)}\n"
                   f"  %w = mg.reshape %m : {tensor(moved, element)} -> {w}\n")


def program(element):
    sides = [draw() for _ in range(random.choice([1, 2, 2, 3]))]
    groups, n = random.choice([1, 1, 2]), random.randint(1, 2)
    c, o = (groups * random.randint(1, 3) for _ in range(2))

    def of(key):
        return [side[key] for side in sides]

    shapes = [[n, c, *of("x")], [o, c // groups, *of("w")], [n, o, *of("y")]]
    x, w, y = (tensor(s, element) for s in shapes)
    given, view = turned(shapes[1], w, element)
    shapes[1] = given
    return shapes, f"""func.func @main(%x: {x} {{mg.name = "x"}}, %g: {tensor(given, element)} {{mg.name = "w"}}) -> ({y} {{mg.name = "y"}}) {{
{view}  %y = mg.conv %x, %w strides {of("stride")} lo {of("lo")} hi {of("hi")} lhs_dilation {of("lhs")}
      rhs_dilation {of("rhs")} groups {groups} : ({x}, {w}) -> {y}
  return %y : {y}
}}
"""


def numbers(shape, special, element):
    x = np.random.standard_normal(shape).astype({"f16": np.float16, "f32": np.float32}[element])
    for value in special:
        x.reshape(-1)[np.random.randint(x.size)] = value
    return x


random.seed(1)
np.random.seed(1)
with tempfile.TemporaryDirectory() as folder:
    for i in range(40):
        element = "f16" if i % 5 == 4 else "f32"
        (image, window, _), text = program(element)
        np.save(folder + "/x.npy", numbers(image, [np.inf] if i % 4 == 1 else [], element))
        np.save(folder + "/w.npy", numbers(window, [np.inf, np.nan][:i % 3], element))
        done = subprocess.run([sys.argv[1], "verify", "-", "-i", f"x=@{folder}/x.npy", "-i", f"w=@{folder}/w.npy"],
                              input=text, capture_output=True, text=True)
        assert done.returncode == 0, text + done.stdout + done.stderr
