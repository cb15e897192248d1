"""A graph as an ONNX model (opset 20), with its own op for a composite where it
has one; None for what ONNX has no word for (derivatives)."""
import numpy as np
from onnx import TensorProto, helper, numpy_helper

from composites import COMPOSITES
from graph import Value, flatten

BINARY = {"add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div", "max": "Max", "min": "Min",
          "eq": "Equal", "ge": "GreaterOrEqual"}
UNARY = {"neg": "Neg", "exp": "Exp", "log": "Log", "tanh": "Tanh", "erf": "Erf", "logistic": "Sigmoid",
         "sin": "Sin", "cos": "Cos", "sqrt": "Sqrt", "abs": "Abs", "relu": "Relu", "stop_gradient": "Identity"}
DTYPE = {"f32": TensorProto.FLOAT, "i32": TensorProto.INT32, "i1": TensorProto.BOOL}
# Bodies take their place where ONNX's CPU libraries have no kernel.
UNKNOWN = {"rms_norm", "variance", "linear", "attention", "project", "heads_attention", "masked_attention"}


class Builder:
    def __init__(self):
        self.nodes, self.constants, self.names = [], [], {}

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def name(self, arg):
        return self.names[arg] if isinstance(arg, Value) else self.constant(np.float32(arg))

    def put(self, op, inputs, v, **attributes):
        self.names[v] = f"t{len(self.names)}"
        self.nodes.append(helper.make_node(op, inputs, [self.names[v]], **attributes))

    def ints(self, values):
        return self.constant(np.array(values, np.int64))

    def add(self, v):
        args = [self.name(a) for a in v.args]
        a = v.attrs
        if v.op in BINARY:
            self.put(BINARY[v.op], args, v)
        elif v.op in UNARY:
            self.put(UNARY[v.op], args, v)
        else:
            getattr(self, "op_" + v.op)(v, args, a)

    def op_rsqrt(self, v, args, a):
        self.nodes.append(helper.make_node("Sqrt", args, [f"s{len(self.names)}"]))
        self.put("Reciprocal", [f"s{len(self.names)}"], v)

    def op_select(self, v, args, a):
        self.put("Where", args, v)

    def op_reduce(self, v, args, a):
        kind = {"sum": "ReduceSum", "max": "ReduceMax", "min": "ReduceMin"}[a["kind"]]
        self.put(kind, [args[0], self.ints(a["dims"])], v, keepdims=int(a["keep"]))

    def op_reshape(self, v, args, a):
        self.put("Reshape", [args[0], self.ints(v.shape)], v)

    def op_broadcast(self, v, args, a):
        self.put("Expand", [args[0], self.ints(v.shape)], v)

    def op_transpose(self, v, args, a):
        self.put("Transpose", args, v, perm=a["perm"])

    def op_slice(self, v, args, a):
        begin, end, step = zip(*a["ranges"])
        self.put("Slice", [args[0], *map(self.ints, (begin, end, range(len(begin)), step))], v)

    def op_reverse(self, v, args, a):
        n = len(a["dims"])
        lowest = -(1 << 62)
        self.put("Slice", [args[0], *map(self.ints, ([-1] * n, [lowest] * n, a["dims"], [-1] * n))], v)

    def op_concat(self, v, args, a):
        self.put("Concat", args, v, axis=a["dim"])

    def op_pad(self, v, args, a):
        self.put("Pad", [args[0], self.ints(a["lo"] + a["hi"])], v)

    def op_iota(self, v, args, a):
        n = v.shape[a["dim"]]
        shape = [n if i == a["dim"] else 1 for i in range(len(v.shape))]
        self.names[v] = self.constant(np.arange(n, dtype=np.int32).reshape(shape))

    def op_dot(self, v, args, a):
        if a["transposed"]:
            rank = len(v.args[1].shape)
            perm = [*range(rank - 2), rank - 1, rank - 2]
            self.nodes.append(helper.make_node("Transpose", [args[1]], [f"m{len(self.names)}"], perm=perm))
            args = [args[0], f"m{len(self.names)}"]
        self.put("MatMul", args, v)

    def op_conv(self, v, args, a):
        n = len(v.shape) - 2
        self.put("Conv", args, v, strides=[a["stride"]] * n, pads=[a["padding"]] * 2 * n,
                 dilations=[a["dilation"]] * n, group=a["groups"])

    def op_max_pool(self, v, args, a):
        self.put("MaxPool", args, v, kernel_shape=[a["window"]] * 2, strides=[a["stride"]] * 2,
                 pads=[a["padding"]] * 4)

    def op_take(self, v, args, a):
        self.put("Gather", args, v)

    def op_store(self, v, args, a):
        """What models exported to ONNX do: the new row behind those before."""
        self.put("Concat", args[:2], v, axis=2)

    def op_batch_norm(self, v, args, a):
        self.put("BatchNormalization", args, v, epsilon=1e-5)

    def op_conv_transpose(self, v, args, a):
        kernel = list(v.args[1].shape[2:])
        self.put("ConvTranspose", args, v, strides=kernel)

    def op_softmax(self, v, args, a):
        self.put("Softmax", args, v, axis=a["dim"])

    def op_log_softmax(self, v, args, a):
        self.put("LogSoftmax", args, v, axis=a["dim"])

    def op_logsumexp(self, v, args, a):
        self.put("ReduceLogSumExp", [args[0], self.ints([a["dim"]])], v, keepdims=0)

    def op_layer_norm(self, v, args, a):
        self.put("LayerNormalization", args, v, axis=-1, epsilon=1e-5)

    def op_gelu(self, v, args, a):
        self.put("Gelu", args, v, approximate="tanh" if a["tanh"] else "none")


def known(graph):
    """The graph with bodies in place of the composites that ONNX lacks."""
    return flatten(graph, {k: c for k, c in COMPOSITES.items() if k in UNKNOWN})


def past(info):
    """A cache without the row that a step adds."""
    info.type.tensor_type.shape.dim[2].dim_value -= 1
    return info


def emit(graph, weights):
    """`weights`: names of inputs and their arrays that become initializers."""
    if graph.wrt:
        return None
    graph = known(graph)
    stored = {v.args[0].name for v in graph.nodes if v.op == "store"}
    b = Builder()
    for v in graph.inputs:
        b.names[v] = v.name
    b.constants += [numpy_helper.from_array(array, name) for name, array in weights.items()]
    for v in graph.nodes:
        if v.op != "input":
            b.add(v)
    info = [helper.make_tensor_value_info(v.name, DTYPE[v.dtype], v.shape)
            for v in graph.inputs if v.name not in weights]
    info = [past(i) if i.name in stored else i for i in info]
    out = [helper.make_tensor_value_info(b.names[o], DTYPE[o.dtype], o.shape) for o in graph.outputs]
    model = helper.make_model(helper.make_graph(b.nodes, "main", info, out, b.constants),
                              opset_imports=[helper.make_opsetid("", 20)])
    model.ir_version = 9
    return model.SerializeToString()
