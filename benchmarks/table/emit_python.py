"""A graph as the text of a Python function for PyTorch or JAX, with each
library's own op for a composite where it has one."""
from graph import Value

SAME = {"add": "{0} + {1}", "sub": "{0} - {1}", "mul": "{0} * {1}", "div": "{0} / {1}",
        "eq": "{0} == {1}", "ge": "{0} >= {1}", "neg": "-{0}"}

TORCH = SAME | {
    "max": "torch.maximum({0}, {1})", "min": "torch.minimum({0}, {1})",
    "logistic": "torch.sigmoid({0})", "stop_gradient": "{0}.detach()",
    "select": "torch.where({0}, {1}, {2})", "reverse": "torch.flip({0}, {dims})",
    "reshape": "{0}.reshape({shape})", "transpose": "{0}.permute({perm})",
    "slice": "{0}[{slices}]", "broadcast": "{0}.expand({shape})",
    "concat": "torch.cat([{args}], {dim})",
    "pad": "F.pad({0}, {torch_pad})",
    "iota": "iota({shape}, {dim})",
    "relu": "F.relu({0})", "softmax": "torch.softmax({0}, {dim})",
    "log_softmax": "torch.log_softmax({0}, {dim})", "logsumexp": "torch.logsumexp({0}, {dim})",
    "layer_norm": "F.layer_norm({0}, {1}.shape, {1}, {2}, 1e-5)",
    "rms_norm": "F.rms_norm({0}, {1}.shape, {1}, 1e-5)",
    "gelu": "F.gelu({0}, approximate='{gelu}')",
    "variance": "torch.var({0}, {dim}, correction=0)",
    "linear": "F.linear({0}, {1}, {2})",
    "attention": "F.scaled_dot_product_attention({0}[None], {1}[None], {2}[None], is_causal={causal})[0]",
    "conv": "F.conv{spatial}d({0}, {1}, None, {stride}, {padding}, {dilation}, {groups})",
    "max_pool": "F.max_pool2d({0}, {window}, {stride}, {padding})",
    "take": "F.embedding({1}, {0})", "store": "{0}.index_copy_(2, {2}.long(), {1})",
    "project": "F.linear({0}, {1}.t(), {2})",
    "batch_norm": "F.batch_norm({0}, {3}, {4}, {1}, {2}, False, 0.0, 1e-5)",
    "heads_attention": "F.scaled_dot_product_attention({0}, {1}, {2}, is_causal={causal})",
    "masked_attention": "F.scaled_dot_product_attention({0}, {1}, {2}, attn_mask={3})",
    "conv_transpose": "F.conv_transpose2d({0}, {1}, {2}, {1}.shape[2:])",
}
for _op in ("exp", "log", "tanh", "erf", "sin", "cos", "sqrt", "rsqrt", "abs"):
    TORCH[_op] = f"torch.{_op}({{0}})"
TORCH_REDUCE = {"sum": "torch.sum({0}, {dims}, {keep})", "max": "torch.amax({0}, {dims}, {keep})",
                "min": "torch.amin({0}, {dims}, {keep})"}
# PyTorch's maximum takes no number.
TORCH_CLAMP = {"max": "torch.clamp_min({0}, {1})", "min": "torch.clamp_max({0}, {1})"}
# What writes where it is told to.
TORCH_OUT = {"add": "torch.add({0}, {1}, out=out)", "sub": "torch.sub({0}, {1}, out=out)",
             "mul": "torch.mul({0}, {1}, out=out)", "div": "torch.div({0}, {1}, out=out)",
             "softmax": "torch.softmax({0}, {dim}, out=out)",
             "logsumexp": "torch.logsumexp({0}, {dim}, out=out)",
             "dot": "torch.matmul({0}, {dot}, out=out)", "concat": "torch.cat([{args}], {dim}, out=out)"}
for _op in ("exp", "log", "tanh", "erf", "sin", "cos", "sqrt", "rsqrt", "abs", "neg"):
    TORCH_OUT[_op] = f"torch.{_op}({{0}}, out=out)"
# A view is not the work: its elements are copied to where they are wanted.
TORCH_VIEWS = {"transpose", "slice", "reshape", "broadcast"}

JAX = SAME | {
    "max": "jnp.maximum({0}, {1})", "min": "jnp.minimum({0}, {1})",
    "erf": "jax.scipy.special.erf({0})", "rsqrt": "jax.lax.rsqrt({0})",
    "logistic": "jax.nn.sigmoid({0})", "stop_gradient": "jax.lax.stop_gradient({0})",
    "select": "jnp.where({0}, {1}, {2})", "reverse": "jnp.flip({0}, {dims})",
    "reshape": "{0}.reshape({shape})", "transpose": "{0}.transpose({perm})",
    "slice": "{0}[{slices}]", "broadcast": "jnp.broadcast_to({0}, {shape})",
    "concat": "jnp.concatenate([{args}], {dim})", "pad": "jnp.pad({0}, {pairs})",
    "iota": "jax.lax.broadcasted_iota('int32', {shape}, {dim})",
    "relu": "jax.nn.relu({0})", "softmax": "jax.nn.softmax({0}, {dim})",
    "log_softmax": "jax.nn.log_softmax({0}, {dim})",
    "logsumexp": "jax.scipy.special.logsumexp({0}, {dim})",
    "layer_norm": "layer_norm({0}, {1}, {2})", "rms_norm": "rms_norm({0}, {1})",
    "gelu": "jax.nn.gelu({0}, {tanh})", "variance": "jnp.var({0}, {dim})",
    "linear": "{0} @ {1}.T + {2}",
    "attention": "attention({0}, {1}, {2}, {causal})",
    "conv": "jax.lax.conv_general_dilated({0}, {1}, {strides}, {pads}, rhs_dilation={dilations}, feature_group_count={groups})",
    "max_pool": "jax.lax.reduce_window({0}, -jnp.inf, jax.lax.max, {windows}, {steps}, {borders})",
    "take": "{0}[{1}]", "store": "jax.lax.dynamic_update_slice({0}, {1}, (0, 0, {2}[0], 0))",
    "project": "{0} @ {1} + {2}", "batch_norm": "batch_norm({0}, {1}, {2}, {3}, {4})",
    "heads_attention": "heads_attention({0}, {1}, {2}, {causal})",
    "masked_attention": "masked_attention({0}, {1}, {2}, {3})",
    "conv_transpose": "conv_transpose({0}, {1}, {2})",
}
for _op in ("exp", "log", "tanh", "sin", "cos", "sqrt", "abs"):
    JAX[_op] = f"jnp.{_op}({{0}})"
JAX_REDUCE = {k: f"jnp.{k}({{0}}, {{dims}}, keepdims={{keep}})" for k in ("sum", "max", "min")}


def fields(v, names):
    """What a template may speak of."""
    a = v.attrs
    f = dict(a, shape=tuple(v.shape), args=", ".join(names))
    if "dims" in a:
        f["dims"] = tuple(a["dims"])
    if "ranges" in a:
        f["slices"] = ", ".join(f"{b}:{e}:{s}" if s != 1 else f"{b}:{e}" for b, e, s in a["ranges"])
    if "lo" in a:
        pairs = list(zip(a["lo"], a["hi"]))
        f["pairs"] = pairs
        f["torch_pad"] = tuple(n for pair in reversed(pairs) for n in pair)
    if "tanh" in a:
        f["gelu"] = "tanh" if a["tanh"] else "none"
    if v.op == "dot":
        f["dot"] = names[1] + (".mT" if a["transposed"] else "")
    if v.op == "conv":
        n = len(v.shape) - 2
        f.update(spatial=n, strides=[a["stride"]] * n, dilations=[a["dilation"]] * n,
                 pads=[(a["padding"],) * 2] * n)
    if v.op == "max_pool":
        f.update(windows=(1, 1, a["window"], a["window"]), steps=(1, 1, a["stride"], a["stride"]),
                 borders=((0, 0), (0, 0), *[(a["padding"],) * 2] * 2))
    return f


def literal(x):
    return f"float('{x}')" if x in (float("inf"), float("-inf")) else repr(float(x))


def emit(graph, templates, reductions, out=None, tail=""):
    """`def run(inputs..)`. `out`: templates for a last op that can write into
    the argument `out`; None where the graph cannot."""
    names, lines = {v: v.name for v in graph.inputs}, []
    arguments = [v.name for v in graph.inputs]
    last = graph.nodes[-1]
    if out is not None:
        if len(graph.outputs) != 1 or graph.outputs[0] is not last:
            return None
        arguments.append("out")
    for i, v in enumerate(n for n in graph.nodes if n.op != "input"):
        operands = [names[a] if isinstance(a, Value) else literal(a) for a in v.args]
        template = reductions[v.attrs["kind"]] if v.op == "reduce" else templates.get(v.op, "{0} @ {dot}")
        if templates is TORCH and v.op in TORCH_CLAMP and not isinstance(v.args[1], Value):
            template = TORCH_CLAMP[v.op]
        text = template.format(*operands, **fields(v, operands))
        if out is not None and v is last:
            if v.op in TORCH_VIEWS:
                text = f"out.copy_({text})"
            elif v.op == "reduce":
                text = text[:-1] + ", out=out)"
            elif v.op in out and all(isinstance(a, Value) for a in v.args[:1]):
                text = out[v.op].format(*operands, **fields(v, operands))
            else:
                return None
        names[v] = f"t{i}"
        lines.append(f"  t{i} = {text}")
    # A view alone would be no work.
    results = ", ".join(names[o] + (tail if o.op in TORCH_VIEWS | {"reverse"} else "") for o in graph.outputs)
    return f"def run({', '.join(arguments)}):\n" + "\n".join(lines) + f"\n  return {results}\n"


def torch_text(graph):
    return emit(graph, TORCH, TORCH_REDUCE, tail=".contiguous()")


def torch_out_text(graph):
    return emit(graph, TORCH, TORCH_REDUCE, TORCH_OUT)


def jax_text(graph):
    return emit(graph, JAX, JAX_REDUCE)
