"""Convolutions of images, NCHW in and out, with ReLU; and without, with their
gradients. FLOPs count the taps that are not padding."""
from row import Row
from suites.randoms import Draw


def conv(channels, size, out, kernel, stride=1, groups=1, batch=1, relu=True):
    padding = kernel // 2

    def build(g):
        x = g.input("x", (batch, channels, size, size))
        w = g.input("w", (out, channels // groups, kernel, kernel))
        y = x.conv(w, stride, padding, groups)
        g.returns(y.composite("relu") if relu else y)
    kind = "depthwise " if groups == channels else f"{groups} groups " if groups > 1 else ""
    return Row(f"{kind}{kernel}x{kernel}/{stride} {batch}x{channels}x{size}x{size}->{out}", build,
               tolerance=1e-4, weights=("w",) if relu else ())


def backward():
    """The convolution and both gradients, of the image and of the weights, of
    ResNet-50's layers."""
    layers = [(64, 56, 64, 3), (128, 28, 128, 3), (256, 14, 256, 3), (512, 7, 512, 3), (256, 56, 64, 1)]
    strided = [(128, 56, 128, 3, 2), (256, 56, 512, 1, 2)]
    return [conv(*c, batch=batch, relu=False).differentiated() for batch in (1, 8) for c in layers + strided]


def listed():
    layers = [(64, 56, 64, 3), (128, 28, 128, 3), (256, 14, 256, 3), (512, 7, 512, 3)]
    rows = [conv(3, 224, 64, 7, stride=2), *(conv(*c) for c in layers), *(conv(*c, batch=8) for c in layers)]
    rows += [conv(256, 56, 64, 1), conv(64, 56, 256, 1), conv(512, 28, 128, 1)]
    return rows + [conv(96, 112, 96, 3, groups=96), conv(384, 14, 384, 3, groups=384), *backward()]


def random(seed):
    """30 rows: a quarter depthwise, a tenth in groups."""
    draw, rows = Draw(seed), []
    for i in range(30):
        kernel, stride, batch = draw.choice([1, 3, 3, 5]), draw.choice([1, 1, 2]), draw.choice([1, 1, 2, 5])
        channels, size = draw.extent(3, 200), max(kernel, draw.extent(5, 80))
        if i % 4 == 3:
            rows.append(conv(channels, size, channels, 3, stride, channels, batch))
        elif i % 10 == 0:
            groups, size = draw.choice([2, 4, 8]), min(size, 40)
            rows.append(conv(groups * draw.randint(2, 24), size, groups * draw.randint(2, 24), kernel, stride, groups,
                             batch))
        else:
            rows.append(conv(channels, size, draw.extent(4, 200), kernel, stride, 1, batch))
    return rows
