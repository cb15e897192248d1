"""What libraries have as one op: its body in primitive ops, and, where the C++
DSL gives a derivative by hand, that rule, so that ours differentiates what a
user of the DSL would."""
import math
from dataclasses import dataclass
from typing import Callable, Optional


@dataclass
class Composite:
    body: Callable
    # forward(operands) -> [result, residuals..]; backward(residuals.., cotangent)
    # -> a cotangent per operand
    forward: Optional[Callable] = None
    backward: Optional[Callable] = None


def softmax(x, dim):
    e = (x - x.reduce("max", [dim], True).stop_gradient()).exp()
    return e / e.reduce("sum", [dim], True)


def softmax_forward(x, dim):
    y = softmax(x, dim)
    return [y, y]


def softmax_backward(y, g, dim):
    return [y * (g - (y * g).reduce("sum", [dim], True))]


def logsumexp(x, dim, keep=False):
    top = x.reduce("max", [dim], True).stop_gradient()
    total = (x - top).exp().reduce("sum", [dim], True).log() + top
    return total if keep else total.reshape(*(n for i, n in enumerate(x.shape) if i != dim % len(x.shape)))


def unsqueeze(x, dim, rank):
    shape = list(x.shape)
    shape.insert(dim % rank, 1)
    return x.reshape(*shape)


def logsumexp_forward(x, dim):
    y = logsumexp(x, dim)
    return [y, x, y]


def logsumexp_backward(x, y, g, dim):
    rank = len(x.shape)
    return [(x - unsqueeze(y, dim, rank)).exp() * unsqueeze(g, dim, rank)]


def log_softmax(x, dim):
    return x - logsumexp(x, dim, True)


def log_softmax_forward(x, dim):
    y = log_softmax(x, dim)
    return [y, y]


def log_softmax_backward(y, g, dim):
    return [g - y.exp() * g.reduce("sum", [dim], True)]


EPSILON = 1e-5


def moments(x):
    mean = x.mean([-1], True)
    centered = x - mean
    return mean, ((centered * centered).mean([-1], True) + EPSILON).rsqrt()


def layer_norm(x, scale, bias):
    mean, rstd = moments(x)
    return (x - mean) * rstd * scale + bias


def layer_norm_forward(x, scale, bias):
    return [layer_norm(x, scale, bias), x, scale, *moments(x)]


def outer(x):
    return list(range(len(x.shape) - 1))


def layer_norm_backward(x, scale, mean, rstd, g):
    unit = (x - mean) * rstd
    h = g * scale
    dx = (h - h.mean([-1], True) - unit * (h * unit).mean([-1], True)) * rstd
    return [dx, (g * unit).reduce("sum", outer(x)), g.reduce("sum", outer(x))]


def rms(x):
    return ((x * x).mean([-1], True) + EPSILON).rsqrt()


def rms_norm(x, scale):
    return x * rms(x) * scale


def rms_norm_forward(x, scale):
    return [rms_norm(x, scale), x, scale, rms(x)]


def rms_norm_backward(x, scale, rstd, g):
    unit, h = x * rstd, g * scale
    return [(h - unit * (h * unit).mean([-1], True)) * rstd, (g * unit).reduce("sum", outer(x))]


def gelu(x, tanh):
    if tanh:
        inner = (x + x * x * x * 0.044715) * math.sqrt(2 / math.pi)
        return x * 0.5 * (inner.tanh() + 1.0)
    return x * 0.5 * ((x * math.sqrt(0.5)).erf() + 1.0)


def variance(x, dim):
    centered = x - x.mean([dim], True)
    return (centered * centered).mean([dim])


def attention(q, k, v, causal):
    scores = q.matmul(k, transposed=True) * (1 / math.sqrt(q.shape[-1]))
    if causal:
        square = scores.shape[-2:]
        below = q.graph.iota(square, 0).at_least(q.graph.iota(square, 1))
        scores = below.select(scores, -math.inf)
    return softmax(scores, -1).matmul(v)


def batch_norm(x, scale, bias, mean, variance):
    def wide(v):
        return v.reshape(-1, 1, 1)
    return (x - wide(mean)) * wide((variance + EPSILON).rsqrt() * scale) + wide(bias)


def masked_attention(q, k, v, mask):
    scores = q.matmul(k, transposed=True) * (1 / math.sqrt(q.shape[-1]))
    return softmax(mask.select(scores, -math.inf), -1).matmul(v)


def conv_transpose(x, w, b):
    """Of a stride as large as the kernel: each pixel becomes a square."""
    (n, c, h, width), (_, o, k, _) = x.shape, w.shape
    pixels = x.transpose(0, 2, 3, 1).reshape(n * h * width, c)
    squares = pixels.matmul(w.reshape(c, o * k * k)).reshape(n, h, width, o, k, k)
    return squares.transpose(0, 3, 1, 4, 2, 5).reshape(n, o, h * k, width * k) + b.reshape(o, 1, 1)


COMPOSITES = {
    "relu": Composite(lambda x: x.max_with(0.0)),
    "softmax": Composite(softmax, softmax_forward, softmax_backward),
    "log_softmax": Composite(log_softmax, log_softmax_forward, log_softmax_backward),
    "logsumexp": Composite(logsumexp, logsumexp_forward, logsumexp_backward),
    "layer_norm": Composite(layer_norm, layer_norm_forward, layer_norm_backward),
    "rms_norm": Composite(rms_norm, rms_norm_forward, rms_norm_backward),
    "gelu": Composite(gelu),
    "variance": Composite(variance),
    "linear": Composite(lambda x, w, b: x.matmul(w, transposed=True) + b),
    "attention": Composite(attention),
    # What whole models have besides.
    "project": Composite(lambda x, w, b: x.matmul(w) + b),
    "batch_norm": Composite(batch_norm),
    "heads_attention": Composite(attention),
    "masked_attention": Composite(masked_attention),
    "conv_transpose": Composite(conv_transpose),
}
