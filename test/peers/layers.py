"""layers.py CASES.npz: every layer and loss of peers-cases by PyTorch."""
import torch
import torch.nn.functional as F

from peers import Cases

case = Cases()
TOLERANCE = 1e-5


def layer(name, f, prefix="y"):
    case.compare(f"{name}/{prefix}", f(case(f"{name}/x")), TOLERANCE)


def weights(name, bias="b"):
    return case(f"{name}/w"), case(f"{name}/{bias}")


w, b = weights("linear")
layer("linear", lambda x: F.linear(x, w.T, b))
layer("embedding", lambda x: F.embedding(x.long(), case("embedding/table")))
layer("layer_norm", lambda x: F.layer_norm(x, (9,), case("layer_norm/scale"), case("layer_norm/bias")))
layer("rms_norm", lambda x: F.rms_norm(x, (9,), case("rms_norm/scale"), 1e-6))
layer("group_norm", lambda x: F.group_norm(x, 3, case("group_norm/scale"), case("group_norm/bias")))

layer("conv1d", lambda x: F.conv1d(x, *weights("conv1d")))
two = dict(stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2)
layer("conv2d", lambda x: F.conv2d(x, *weights("conv2d"), **two))
layer("conv_transpose2d", lambda x: F.conv_transpose2d(x, *weights("conv_transpose2d"), **two))
layer("conv3d", lambda x: F.conv3d(x, *weights("conv3d"), padding=(1, 0, 1)))

mean, var = case("batch_norm/running_mean"), case("batch_norm/running_var")
scale, bias = case("batch_norm/scale"), case("batch_norm/bias")
layer("batch_norm", lambda x: F.batch_norm(x, mean, var, scale, bias, False), "eval")
layer("batch_norm", lambda x: F.batch_norm(x, mean, var, scale, bias, True), "train")
case.compare("batch_norm/mean", mean, TOLERANCE)
case.compare("batch_norm/var", var, TOLERANCE)

q, k, v, mask = (case(f"sdpa/{name}") for name in ("q", "k", "v", "mask"))
for name, options in {
    "plain": {},
    "causal": dict(is_causal=True),
    "masked": dict(attn_mask=mask > -1),
    "added": dict(attn_mask=mask, scale=0.5),
}.items():
    y = F.scaled_dot_product_attention(q, k, v, enable_gqa=True, **options)
    case.compare(f"sdpa/{name}", y, TOLERANCE)

mha = torch.nn.MultiheadAttention(12, 3, batch_first=True)
mha.in_proj_weight.data, mha.in_proj_bias.data = case("mha/in.w").T, case("mha/in.b")
mha.out_proj.weight.data, mha.out_proj.bias.data = case("mha/out.w").T, case("mha/out.b")
layer("mha", lambda x: mha(x, x, x)[0])

lstm = torch.nn.LSTMCell(3, 4)
lstm.weight_ih.data, lstm.weight_hh.data = case("lstm/input.w").T, case("lstm/u").T
lstm.bias_ih.data, lstm.bias_hh.data = case("lstm/input.b"), torch.zeros(16)
layer("lstm", lambda x: torch.stack(lstm(x, (case("lstm/h"), case("lstm/c")))))
gru = torch.nn.GRUCell(3, 4)
gru.weight_ih.data, gru.weight_hh.data = case("gru/input.w").T, case("gru/hidden.w").T
gru.bias_ih.data, gru.bias_hh.data = case("gru/input.b"), case("gru/hidden.b")
layer("gru", lambda x: gru(x, case("gru/h")))

padded = dict(kernel_size=(3, 2), stride=(2, 2), padding=(1, 1))
layer("max_pool", lambda x: F.max_pool2d(x, **padded))
layer("avg_pool", lambda x: F.avg_pool2d(x, **padded))
layer("avg_pool_ignored", lambda x: F.avg_pool2d(x, count_include_pad=False, **padded))
layer("softmax", lambda x: F.softmax(x, -1))
layer("log_softmax", lambda x: F.log_softmax(x, -1))
layer("logsumexp", lambda x: torch.logsumexp(x, -1))
layer("relu", F.relu)
layer("leaky_relu", F.leaky_relu)
layer("elu", F.elu)
layer("gelu", F.gelu)
layer("gelu_tanh", lambda x: F.gelu(x, approximate="tanh"))
layer("silu", F.silu)
layer("softplus", F.softplus)
layer("log_sigmoid", F.logsigmoid)
labels = case("cross_entropy/labels").long()
layer("cross_entropy", lambda x: F.cross_entropy(x, labels, reduction="none"))

case.finish(least=30)
