"""Convolutions, channels first, in and out, with ReLU; and without, with their
gradients. FLOPs count the taps that are not padding."""
from row import Row
from suites.randoms import Draw


def convolve(size, channels, out, kernel, stride=1, groups=1, batch=1, dilation=1, relu=True):
    """`size` and `kernel`: per dimension of the image."""
    padding = kernel[0] // 2 * dilation

    def build(g):
        x = g.input("x", (batch, channels, *size))
        w = g.input("w", (out, channels // groups, *kernel))
        y = x.conv(w, stride, padding, groups, dilation)
        g.returns(y.composite("relu") if relu else y)
    kind = "depthwise " if groups == channels else f"{groups} groups " if groups > 1 else ""
    kind += f"dilation {dilation} " if dilation > 1 else ""
    window, shape = ("x".join(map(str, sizes)) for sizes in (kernel, (batch, channels, *size)))
    return Row(f"{kind}{window}/{stride} {shape}->{out}", build, tolerance=1e-4,
               weights=("w",) if relu else ())


def conv(channels, size, out, kernel, stride=1, groups=1, batch=1, dilation=1, relu=True):
    """Of squares by a square."""
    return convolve((size, size), channels, out, (kernel, kernel), stride, groups, batch, dilation, relu)


def resnet():
    layers = [(64, 56, 64, 3), (128, 28, 128, 3), (256, 14, 256, 3), (512, 7, 512, 3)]
    rows = [conv(3, 224, 64, 7, stride=2), *(conv(*c) for c in layers), *(conv(*c, batch=8) for c in layers)]
    return rows + [conv(256, 56, 64, 1), conv(64, 56, 256, 1), conv(512, 28, 128, 1)]


def mobilenet():
    """Expand, depthwise, project; of the large and of the small images."""
    rows = [conv(96, 112, 96, 3, groups=96), conv(384, 14, 384, 3, groups=384)]
    rows += [conv(96, 112, 96, 3, stride=2, groups=96), conv(144, 56, 144, 3, groups=144, batch=8)]
    return rows + [conv(24, 56, 144, 1), conv(144, 56, 24, 1), conv(64, 14, 384, 1), conv(384, 14, 64, 1, batch=8)]


def unet():
    return [conv(16, 256, 16, 3), conv(32, 128, 32, 3), conv(64, 128, 32, 3), conv(32, 128, 32, 3, batch=8)]


def backward():
    """The convolution and both gradients, of the image and of the weights, of
    ResNet-50's layers."""
    layers = [(64, 56, 64, 3), (128, 28, 128, 3), (256, 14, 256, 3), (512, 7, 512, 3), (256, 56, 64, 1)]
    strided = [(128, 56, 128, 3, 2), (256, 56, 512, 1, 2)]
    return [conv(*c, batch=batch, relu=False).differentiated() for batch in (1, 8) for c in layers + strided]


def listed():
    rows = resnet() + mobilenet() + unet()
    rows += [conv(128, 56, 128, 3, groups=32), conv(64, 28, 64, 3, dilation=2), conv(64, 56, 128, 3, stride=2)]
    return rows + [convolve((16000,), 64, 64, (7,)), convolve((16, 56, 56), 16, 16, (3, 3, 3)), *backward()]


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
