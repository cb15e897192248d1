"""layers.py CASES.npz: every layer and loss of peers-cases, and its gradient, by PyTorch."""
import torch
import torch.nn.functional as F
from torch.func import functional_call

from peers import Cases

case = Cases()
TOLERANCE = 1e-5
# Sums over a batch of products of numbers up to 10.
GRADIENT_TOLERANCE = 1e-4


def gradient(name, results, leaves, prefix=None):
    """The derivative of sum(results * r) by `leaves`, a dictionary of tensors."""
    prefix = prefix or name
    (results * case(f"{prefix}/r")).sum().backward()
    for leaf, tensor in leaves.items():
        if case.has(f"{prefix}/grad/{leaf}"):
            case.compare(f"{prefix}/grad/{leaf}", tensor.grad, GRADIENT_TOLERANCE)


def layer(name, f, y="y"):
    """f(x, leaves of the layer) against the result and the gradient."""
    leaves = {leaf: case(f"{name}/{leaf}").requires_grad_() for leaf in case.leaves(f"{name}/grad")}
    x = leaves.pop("x", None)
    x = case(f"{name}/x") if x is None else x
    result = f(x, leaves)
    case.compare(f"{name}/{y}", result, TOLERANCE)
    gradient(name, result, {"x": x, **leaves})


def module(name, made, names, f):
    """A module of PyTorch with the layer's leaves: `names` by its parameters; matrices are turned."""

    def call(x, p):
        weights = {theirs: p[ours].T if p[ours].ndim == 2 else p[ours] for theirs, ours in names.items()}
        for key, value in made.named_parameters():
            weights.setdefault(key, torch.zeros_like(value))
        return f(lambda *a: functional_call(made, weights, a), x)

    layer(name, call)


layer("linear", lambda x, p: F.linear(x, p["w"].T, p["b"]))
layer("embedding", lambda x, p: F.embedding(x.long(), p["table"]))
layer("layer_norm", lambda x, p: F.layer_norm(x, (9,), p["scale"], p["bias"]))
layer("rms_norm", lambda x, p: F.rms_norm(x, (9,), p["scale"], 1e-6))
layer("group_norm", lambda x, p: F.group_norm(x, 3, p["scale"], p["bias"]))

layer("conv1d", lambda x, p: F.conv1d(x, p["w"], p["b"]))
two = dict(stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2)
layer("conv2d", lambda x, p: F.conv2d(x, p["w"], p["b"], **two))
layer("conv_transpose2d", lambda x, p: F.conv_transpose2d(x, p["w"], p["b"], **two))
layer("conv3d", lambda x, p: F.conv3d(x, p["w"], p["b"], padding=(1, 0, 1)))

mean, var = case("batch_norm/running_mean"), case("batch_norm/running_var")
still = F.batch_norm(case("batch_norm/x"), mean, var, case("batch_norm/scale"), case("batch_norm/bias"), False)
case.compare("batch_norm/eval", still, TOLERANCE)


def batch_norm(x, p):
    # Their derivative is 0 here and nothing there.
    p["running_mean"].grad, p["running_var"].grad = torch.zeros(3), torch.zeros(3)
    return F.batch_norm(x, mean, var, p["scale"], p["bias"], True)


layer("batch_norm", batch_norm, "train")
case.compare("batch_norm/mean", mean, TOLERANCE)
case.compare("batch_norm/var", var, TOLERANCE)

mask = case("sdpa/mask")
for name, options in {
    "plain": {},
    "causal": dict(is_causal=True),
    "masked": dict(attn_mask=mask > -1),
    "added": dict(attn_mask=mask, scale=0.5),
}.items():
    leaves = {leaf: case(f"sdpa/{leaf}").requires_grad_() for leaf in "qkv"}
    y = F.scaled_dot_product_attention(*leaves.values(), enable_gqa=True, **options)
    case.compare(f"sdpa/{name}", y, TOLERANCE)
    gradient("sdpa", y, leaves, f"sdpa/{name}")

module("mha", torch.nn.MultiheadAttention(12, 3, batch_first=True),
       {"in_proj_weight": "in.w", "in_proj_bias": "in.b", "out_proj.weight": "out.w", "out_proj.bias": "out.b"},
       lambda f, x: f(x, x, x)[0])

LSTM = {"weight_ih": "input.w", "weight_hh": "u", "bias_ih": "input.b"}
GRU = {"weight_ih": "input.w", "weight_hh": "hidden.w", "bias_ih": "input.b", "bias_hh": "hidden.b"}


def sequence(names):
    return {f"{theirs}_l0": f"cell.{ours}" for theirs, ours in names.items()}


state = case("lstm/h"), case("lstm/c")
module("lstm", torch.nn.LSTMCell(3, 4), LSTM, lambda f, x: torch.stack(f(x, state)))
module("gru", torch.nn.GRUCell(3, 4), GRU, lambda f, x: f(x, case("gru/h")))
module("lstm_sequence", torch.nn.LSTM(3, 4, batch_first=True), sequence(LSTM), lambda f, x: f(x)[0])
module("gru_sequence", torch.nn.GRU(3, 4, batch_first=True), sequence(GRU), lambda f, x: f(x)[0])

padded = dict(kernel_size=(3, 2), stride=(2, 2), padding=(1, 1))
labels = case("cross_entropy/labels").long()
for name, f in {
    "max_pool": lambda x: F.max_pool2d(x, **padded),
    "avg_pool": lambda x: F.avg_pool2d(x, **padded),
    "avg_pool_ignored": lambda x: F.avg_pool2d(x, count_include_pad=False, **padded),
    "softmax": lambda x: F.softmax(x, -1),
    "log_softmax": lambda x: F.log_softmax(x, -1),
    "logsumexp": lambda x: torch.logsumexp(x, -1),
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "softplus": F.softplus,
    "log_sigmoid": F.logsigmoid,
    "cross_entropy": lambda x: F.cross_entropy(x, labels, reduction="none"),
}.items():
    layer(name, lambda x, _: f(x))

case.finish(least=90)
