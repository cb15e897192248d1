"""gradients.py CASES.npz: the gradients of gradients-cases by jax.vjp."""
import re
import sys

import jax

jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
import numpy as np
from jax import lax

TOLERANCE = 1e-10


class Attributes(dict):
    """Of a case's text: lists, integers, names of enums, flags."""

    def __init__(self, text):
        for key, values in re.findall(r"(\w+) = array<i64:?([^>]*)>", text):
            self[key] = [int(v) for v in values.split(",") if v.strip()]
        for key, value in re.findall(r"(\w+) = (-?\d+) : i64", text):
            self[key] = int(value)
        for key, value in re.findall(r"(\w+) = #mg<\w+ (\w+)>", text):
            self[key] = value
        self.flags = set(re.findall(r"(?:^|, )(\w+)(?=,|$)", text))


def reduce(a, x):
    return getattr(jnp, a["kind"])(x, axis=tuple(a["dims"]))


def cumulative(a, x):
    axis, back = a["dim"], "reverse" in a.flags
    y = getattr(lax, "cum" + a["kind"])(x, axis=axis, reverse=back)
    if "exclusive" not in a.flags:
        return y
    of_nothing = {"sum": 0.0, "prod": 1.0, "max": -np.inf, "min": np.inf}[a["kind"]]
    first = jnp.full_like(lax.slice_in_dim(y, 0, 1, axis=axis), of_nothing)
    if back:
        return lax.concatenate([lax.slice_in_dim(y, 1, None, axis=axis), first], axis)
    return lax.concatenate([first, lax.slice_in_dim(y, 0, -1, axis=axis)], axis)


def unfold(a, x):
    for d, size, stride, dilation in zip(a["dims"], a["size"], a["stride"], a["dilation"]):
        count = (x.shape[d] - (size - 1) * dilation - 1) // stride + 1
        at = np.arange(count)[:, None] * stride + np.arange(size) * dilation
        x = jnp.moveaxis(jnp.take(x, at, axis=d), d + 1, -1)
    return x


def fold(a, x, shape):
    return jax.linear_transpose(lambda y: unfold(a, y), jnp.zeros(shape))(x)[0]


def batched(f, batch_dims):
    for _ in range(batch_dims):
        f = jax.vmap(f)
    return f


def indexed(a, x):
    """The indexed dimensions of one element of the batch, and their places in front."""
    return [d - a["batch_dims"] for d in a["dims"]], range(len(a["dims"]))


def gather(a, x, indices):
    def one(x, i):
        if not a["dims"]:  # as many copies of x
            return jnp.broadcast_to(x, i.shape[:-1] + x.shape)
        return jnp.moveaxis(x, *indexed(a, x))[tuple(jnp.moveaxis(i, -1, 0))]

    return batched(one, a["batch_dims"])(x, indices)


def scatter(a, x, indices, updates):
    def one(x, i, u):
        dims, front = indexed(a, x)
        moved = jnp.moveaxis(x, dims, front)
        place = moved.at[tuple(jnp.moveaxis(i, -1, 0))]
        moved = getattr(place, a["mode"])(u, unique_indices="unique" in a.flags)
        return jnp.moveaxis(moved, front, dims)

    return batched(one, a["batch_dims"])(x, indices, updates)


def sort(a, *xs):
    sorted_ = lax.sort(xs, dimension=a["dim"], num_keys=1)
    return [jnp.flip(x, a["dim"]) for x in sorted_] if "descending" in a.flags else list(sorted_)


def topk(a, x):
    sign = 1 if "largest" in a.flags else -1
    return jnp.moveaxis(sign * lax.top_k(sign * jnp.moveaxis(x, a["dim"], -1), a["k"])[0], -1, a["dim"])


def dynamic_slice(a, x, start):
    return lax.dynamic_slice(x, jnp.clip(start, 0, np.array(x.shape) - a["size"]), a["size"])


def dynamic_update_slice(a, x, update, start):
    return lax.dynamic_update_slice(x, update, jnp.clip(start, 0, np.array(x.shape) - np.array(update.shape)))


def conv(a, x, w):
    return lax.conv_general_dilated(
        x, w, a["strides"], list(zip(a["lo"], a["hi"])), lhs_dilation=a["lhs_dilation"],
        rhs_dilation=a["rhs_dilation"], feature_group_count=a.get("groups", 1))


# What needs attributes; the others are functions of `lax` or `jnp` of one name.
OPS = {
    # JAX wants increasing dimensions.
    "broadcast": lambda a, x, shape: lax.broadcast_in_dim(
        lax.transpose(x, np.argsort(a["dims"])), shape, sorted(a["dims"])),
    "concat": lambda a, *xs: lax.concatenate(xs, a["dim"]),
    "conv": conv,
    "convert": lambda a, x, dtype: x.astype(dtype),
    "cumulative": cumulative,
    "diagonal": lambda a, x: jnp.diagonal(x, axis1=a["dim0"], axis2=a["dim1"]),
    "dot": lambda a, x, y: lax.dot_general(
        x, y, ((a["lhs_contract"], a["rhs_contract"]), (a["lhs_batch"], a["rhs_batch"]))),
    "dynamic_slice": dynamic_slice,
    "dynamic_update_slice": dynamic_update_slice,
    "fold": fold,
    "gather": gather,
    "pad": lambda a, x, v: lax.pad(x, v, list(zip(a["lo"], a["hi"], a["interior"]))),
    "reduce": reduce,
    "reshape": lambda a, x, shape: lax.reshape(x, shape),
    "reverse": lambda a, x: lax.rev(x, a["dims"]),
    "scatter": scatter,
    "select": lambda a, c, x, y: jnp.where(c, x, y),
    "slice": lambda a, x: lax.slice(x, a["lo"], a["hi"], a["step"]),
    "sort": sort,
    "topk": topk,
    "transpose": lambda a, x: lax.transpose(x, a["perm"]),
    "unfold": unfold,
}
RENAMED = {"round_even": "round", "atan": "arctan", "erf": "erf"}


def unsupported(op, a, xs):
    """Why JAX has no answer; empty where it has one."""
    if op == "scatter" and a["mode"] in ("min", "max"):
        return "JAX has no derivative of scatter_min and scatter_max"
    if op == "scatter" and a["mode"] in ("set", "mul") and "unique" not in a.flags:
        return "JAX leaves set and mul to one place twice undefined"
    if op == "reduce" and xs[0].size == 0 and a["kind"] in ("max", "min"):
        return "JAX has no extreme of nothing"
    if any(x.dtype == np.float16 for x in xs):
        return "halves are rounded at other places"
    if op in ("name", "barrier"):
        return "an identity"
    return ""


def function(op, a, cotangents):
    """The op as a function of its operands."""
    first = next(iter(cotangents.values()))
    if op in ("broadcast", "reshape", "fold"):
        return lambda *xs: OPS[op](a, *xs, first.shape)
    if op == "convert":
        return lambda x: OPS[op](a, x, first.dtype)
    if op in OPS:
        return lambda *xs: OPS[op](a, *xs)
    name = RENAMED.get(op, op)
    return getattr(lax, name, None) or getattr(jnp, name)


def gradients(op, a, xs, cotangents, wanted):
    def results(*floats):
        operands = list(xs)
        for i, x in zip(wanted, floats):
            operands[i] = x
        ys = function(op, a, cotangents)(*operands)
        ys = ys if isinstance(ys, (list, tuple)) else [ys]
        return [ys[i] for i in cotangents]

    _, pull = jax.vjp(results, *(jnp.asarray(xs[i]) for i in wanted))
    return pull([jnp.asarray(ct) for ct in cotangents.values()])


def leaves(case, prefix):
    found = {int(key[len(prefix):]): x for key, x in case.items() if re.fullmatch(prefix + r"\d+", key)}
    return dict(sorted(found.items()))


def main():
    cases = {}
    for name, array in np.load(sys.argv[1]).items():
        index, leaf = name.split("/")
        cases.setdefault(int(index), {})[leaf] = array
    compared = bad = 0
    for _, case in sorted(cases.items()):
        op, text = (case[leaf].tobytes().decode() for leaf in ("op", "attributes"))
        a, xs = Attributes(text), list(leaves(case, "x").values())
        why = unsupported(op, a, xs)
        if why:
            print(f"none {op} {{{text}}}: {why}")
            continue
        want = leaves(case, "g")
        for (i, ours), theirs in zip(want.items(), gradients(op, a, xs, leaves(case, "ct"), list(want))):
            theirs = np.asarray(theirs)
            error = "shape" if ours.shape != theirs.shape else np.max(np.abs(ours - theirs), initial=0)
            scale = np.max(np.abs(theirs), initial=1)
            compared += 1
            if isinstance(error, str) or not error <= TOLERANCE * scale:
                bad += 1
                print(f"FAIL {op} {{{text}}}: gradient {i}: {error}\n{ours}\n{theirs}")
    print(f"{compared} compared, {bad} differ")
    # A file without cases is no success.
    sys.exit(bad > 0 or compared < 150)


main()
