"""ONNX models byte by byte, without the onnx package.

Each function gives the bytes of one message of onnx.proto. What they write is
protobuf, whether or not it means anything: broken models are made of the same
parts.
"""
import struct

FLOAT, UINT8, INT8, INT32, INT64, STRING, BOOL, FLOAT16, DOUBLE = 1, 2, 3, 6, 7, 8, 9, 10, 11
COMPLEX64, BFLOAT16, FLOAT8, UINT4 = 14, 16, 17, 21


def varint(value):
    value &= (1 << 64) - 1
    parts = bytearray()
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def integer(field, value):
    return varint(field << 3) + varint(value)


def data(field, value):
    """Bytes, a text, or a message."""
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def number(field, value):
    return varint(field << 3 | 5) + struct.pack("<f", value)


def each(field, values):
    return b"".join(data(field, v) for v in values)


def floats(*values):
    return struct.pack(f"<{len(values)}f", *values)


def int64s(*values):
    return struct.pack(f"<{len(values)}q", *values)


def tensor(name, kind, dims, raw=None, external=None):
    """A TensorProto; `external` are the entries of data in another file."""
    message = b"".join(integer(1, d) for d in dims) + integer(2, kind) + data(8, name)
    if raw is not None:
        message += data(9, raw)
    if external is not None:
        message += integer(14, 1)
        message += each(13, (data(1, k) + data(2, str(v) if isinstance(v, int) else v)
                             for k, v in external.items()))
    return message


class Graph(bytes):
    """A GraphProto, told from other bytes where an attribute takes both."""


class TensorBytes(bytes):
    """A TensorProto, likewise."""


def constant(kind, dims, raw):
    return TensorBytes(tensor("", kind, dims, raw))


def attribute(name, value):
    """An AttributeProto of the kind that the Python value is."""
    head = data(1, name)
    if isinstance(value, Graph):
        return head + data(6, value) + integer(20, 5)
    if isinstance(value, TensorBytes):
        return head + data(5, value) + integer(20, 4)
    if isinstance(value, float):
        return head + number(2, value) + integer(20, 1)
    if isinstance(value, int):
        return head + integer(3, value) + integer(20, 2)
    if isinstance(value, (str, bytes)):
        return head + data(4, value) + integer(20, 3)
    if value and isinstance(value[0], float):
        return head + b"".join(number(7, v) for v in value) + integer(20, 6)
    if value and isinstance(value[0], (str, bytes)):
        return head + each(9, value) + integer(20, 8)
    return head + b"".join(integer(8, v) for v in value) + integer(20, 7)


def node(op, inputs, outputs, domain="", name="", **attributes):
    message = each(1, inputs) + each(2, outputs) + data(4, op)
    if name:
        message += data(3, name)
    if domain:
        message += data(7, domain)
    return message + each(5, (attribute(k, v) for k, v in attributes.items()))


def value(name, kind=FLOAT, dims=(2, 2)):
    """A ValueInfoProto of a tensor; dims None: of any rank."""
    kind = integer(1, kind)
    if dims is not None:
        kind += data(2, each(1, (data(2, d) if isinstance(d, str) else integer(1, d)
                                 for d in dims)))
    return data(1, name) + data(2, data(1, kind))


def graph(nodes=(), inputs=(), outputs=(), initializers=(), name="g"):
    return Graph(each(1, nodes) + data(2, name) + each(5, initializers) + each(11, inputs)
                 + each(12, outputs))


def opset(version, domain=""):
    return data(1, domain) + integer(2, version)


def function(name, inputs, outputs, nodes, domain="own", opsets=(opset(21),)):
    return (data(1, name) + each(4, inputs) + each(5, outputs) + each(7, nodes)
            + each(9, opsets) + data(10, domain))


def model(content, opsets=(opset(21), opset(1, "own")), functions=()):
    return (integer(1, 10) + data(2, "test") + data(7, content) + each(8, opsets)
            + each(25, functions))
