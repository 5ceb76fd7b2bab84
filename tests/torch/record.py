#!/usr/bin/env python3
"""Records PyTorch's numbers for the standard library, in float64, as files beside this one.

    python3 record.py            needs torch, torchmetrics, numpy

A case is a small spec and the tensors that its checkpoint must hold after training (gradients stand in the place
of parameters, since its optimiser keeps them; results of layers are buffers), or the numbers that its
log must hold. check.py builds and runs the specs and compares. Inputs are fixed by seeds.
"""
import json
import math
import pathlib

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

torch.set_default_dtype(torch.float64)
here = pathlib.Path(__file__).parent
cases = {}


# ---- writing .lt ------------------------------------------------------------------------------------

def number(value):
    if isinstance(value, bool) or value in (True, False) and not isinstance(value, (int, float)):
        return "true" if value else "false"
    return repr(value)


def literal(array):
    """A tensor as .lt: stack([...]) in its shape."""
    array = np.asarray(array)
    if array.ndim == 0:
        return number(array.item())
    flat = "stack([" + ", ".join(number(v) for v in array.reshape(-1).tolist()) + "])"
    flat = f"i32({flat})" if array.dtype.kind == "i" else flat
    return flat if array.ndim == 1 else f"reshape({flat}, {list(array.shape)})"


def value(v):
    """A keyword's value as .lt."""
    if v is None:
        return "none"
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, str):
        return '"' + v + '"'
    if isinstance(v, (list, tuple)):
        return "[" + ", ".join(value(x) for x in v) + "]"
    if isinstance(v, (torch.Tensor, np.ndarray)):
        return literal(v.detach().numpy() if isinstance(v, torch.Tensor) else v)
    return repr(v)


def shape(array):
    return "f32" + (str(list(np.shape(array))) if np.ndim(array) else "")


KEEP = "optimizer keep_gradient() { update(p, g) { p = g } }\n"
TRAINER = 'trainer {{ max_steps = {steps}; precision = "64-true"; log_every_n_steps = 1; loggers = [csv()] }}\n'


def listed(array):
    array = np.asarray(array, dtype=float)
    return {"shape": list(array.shape), "data": array.reshape(-1).tolist()}


def add(theme, name, spec, tensors=None, log=None, files=None, tolerance=1e-9, absolute=1e-12, **more):
    group = cases.setdefault(theme, [])
    assert name not in [c["name"] for c in group], name
    case = {"name": name, "spec": spec, "tolerance": tolerance, "absolute": absolute}
    if tensors:
        case["tensors"] = {k: listed(v) for k, v in tensors.items()}
    if log:
        case["log"] = log
    if files:
        case["files"] = files
    case.update(more)
    group.append(case)


def draw(seed, *sizes, scale=1.0):
    return torch.from_numpy(np.asarray(np.round(np.random.default_rng(seed).normal(size=sizes) * scale, 4)))


def graph_case(theme, name, inputs, call, torch_call, module=None, layer=None, before="", local="", **options):
    """inputs: tensors whose gradients count; call: .lt for y; torch_call(inputs, module): the same in torch."""
    leaves = {k: v.clone().requires_grad_(True) for k, v in inputs.items()}
    members = [f"    param {k}: {shape(v)} = {literal(v)}" for k, v in inputs.items()]
    tensors = {}
    if module is not None:
        given = "".join(f", {k} = {literal(v.detach().numpy())}" for k, v in module.named_parameters())
        frozen = "" if module.training else ", frozen = true"
        buffers = "".join(f", {k} = {literal(v.numpy())}" for k, v in module.named_buffers() if v.dim()) if not module.training else ""
        if not layer.endswith("("):
            inner = layer[:-1] + given + buffers + frozen + ")"
        else:
            inner = layer + (given + frozen)[2:] + ")"
        members.append(f"    part = {inner}")
    y = torch_call(leaves, module)
    c = draw(99, *y.shape)
    (y * c).sum().backward()
    for k, v in leaves.items():
        tensors[k] = v.grad if v.grad is not None else torch.zeros_like(v)
    if module is not None and module.training:
        for k, v in module.named_parameters():
            tensors["part." + k] = v.grad if v.grad is not None else torch.zeros_like(v)
        for k, v in module.named_buffers():
            if v.dim():
                tensors["part." + k] = v
    tensors["y"] = y.detach()
    spec = (
        "model Case() {\n" + "\n".join(members) + "\n"
        f"    buffer y: {shape(y.detach())} = zeros\n"
        "    training_step() {\n" + local +
        f"        y = {call}\n"
        f"        minimize sum(y * {literal(c)})\n"
        "    }\n"
        "    optimizer = keep_gradient()\n"
        "}\n\n" + KEEP + before + TRAINER.format(steps=1))
    add(theme, name, spec, {k: v.detach().numpy() if isinstance(v, torch.Tensor) else v for k, v in tensors.items()}, **options)


# ---- activations ------------------------------------------------------------------------------------

def activations():
    x = torch.cat([draw(1, 12, scale=3), torch.tensor([0.0, 30.0, -30.0, 3.0, -3.0, 6.0])]).reshape(3, 6)
    table = [
        ("relu", "relu(x)", F.relu),
        ("leaky_relu", "leaky_relu(x)", F.leaky_relu),
        ("leaky_relu_slope", "leaky_relu(x, negative_slope = 0.2)", lambda v: F.leaky_relu(v, 0.2)),
        ("relu6", "relu6(x)", F.relu6),
        ("elu", "elu(x)", F.elu),
        ("elu_alpha", "elu(x, alpha = 0.7)", lambda v: F.elu(v, 0.7)),
        # PyTorch holds 1 / alpha and 1 / 6 in float32: an alpha that it holds exactly, and a formula.
        ("celu_alpha", "celu(x, alpha = 2.0)", lambda v: F.celu(v, 2.0)),
        ("selu", "selu(x)", F.selu),
        ("gelu", "gelu(x)", F.gelu),
        ("gelu_tanh", 'gelu(x, approximate = "tanh")', lambda v: F.gelu(v, approximate="tanh")),
        ("sigmoid", "sigmoid(x)", torch.sigmoid),
        ("tanh", "tanh(x)", torch.tanh),
        ("log_sigmoid", "log_sigmoid(x)", F.logsigmoid),
        ("silu", "silu(x)", F.silu),
        ("softplus", "softplus(x)", F.softplus),
        ("softplus_keywords", "softplus(x, beta = 2.0, threshold = 3.0)", lambda v: F.softplus(v, 2.0, 3.0)),
        ("mish", "mish(x)", F.mish),
        ("softsign", "softsign(x)", F.softsign),
        ("tanhshrink", "tanhshrink(x)", F.tanhshrink),
        ("softshrink", "softshrink(x, lambd = 0.9)", lambda v: F.softshrink(v, 0.9)),
        ("hardshrink", "hardshrink(x, lambd = 0.9)", lambda v: F.hardshrink(v, 0.9)),
        ("threshold", "threshold(x, 0.3, -2.0)", lambda v: F.threshold(v, 0.3, -2.0)),
        ("hardtanh", "hardtanh(x)", F.hardtanh),
        ("hardtanh_bounds", "hardtanh(x, min_val = -2.0, max_val = 0.5)", lambda v: F.hardtanh(v, -2.0, 0.5)),
        ("hard_sigmoid", "hard_sigmoid(x)", lambda v: F.relu6(v + 3) / 6),
        ("hard_swish", "hard_swish(x)", F.hardswish),
        ("softmax", "softmax(x)", lambda v: F.softmax(v, -1)),
        ("softmax_axis", "softmax(x, axis = 0)", lambda v: F.softmax(v, 0)),
        ("log_softmax", "log_softmax(x)", lambda v: F.log_softmax(v, -1)),
        ("log_softmax_axis", "log_softmax(x, axis = 0)", lambda v: F.log_softmax(v, 0)),
        ("softmin", "softmin(x)", lambda v: F.softmin(v, -1)),
        ("glu", "glu(x)", F.glu),
    ]
    for name, call, torch_call in table:
        graph_case("activations", name, {"x": x}, call, lambda t, m, f=torch_call: f(t["x"]))
    wide = draw(2, 2, 3, 4)
    for name, n in (("prelu", 1), ("prelu_channels", 3)):
        module = nn.PReLU(n)
        with torch.no_grad():
            module.weight.copy_(draw(3, n).abs())
        layer = "prelu()" if n == 1 else "prelu(num_parameters = 3)"
        graph_case("activations", name, {"x": wide}, "part(x)", lambda t, m: m(t["x"]), module,
                   layer[:-1] + ")" if n > 1 else "prelu(1)")


def functions():
    x = draw(4, 3, 4)
    y = draw(5, 3, 4)
    pos = x.abs() + 0.1
    pairs = [
        ("mean", {"x": x}, "mean(x)", lambda t: t["x"].mean()),
        ("mean_axis", {"x": x}, "mean(x, axis = 0)", lambda t: t["x"].mean(0)),
        ("mean_axes_keep", {"x": draw(6, 2, 3, 4)}, "mean(x, axis = (0, 2), keep = true)", lambda t: t["x"].mean((0, 2), keepdim=True)),
        ("var", {"x": x}, "var(x)", lambda t: t["x"].var()),
        ("var_correction", {"x": x}, "var(x, axis = -1, correction = 0)", lambda t: t["x"].var(-1, correction=0)),
        ("std", {"x": x}, "std(x, axis = 0, keep = true)", lambda t: t["x"].std(0, keepdim=True)),
        ("norm", {"x": x}, "norm(x)", lambda t: t["x"].norm()),
        ("norm_axis", {"x": x}, "norm(x, axis = 1)", lambda t: t["x"].norm(dim=1)),
        ("norm_zero", {"x": torch.zeros(3)}, "norm(x)", lambda t: t["x"].norm()),
        ("unit", {"x": x}, "unit(x)", lambda t: F.normalize(t["x"], dim=-1)),
        ("logsumexp", {"x": x * 300}, "logsumexp(x)", lambda t: t["x"].logsumexp(-1)),
        ("logsumexp_axis", {"x": x}, "logsumexp(x, axis = 0, keep = true)", lambda t: t["x"].logsumexp(0, keepdim=True)),
        ("prod", {"x": x}, "prod(x, axis = 1)", lambda t: t["x"].prod(1)),
        ("clamp", {"x": x}, "clamp(x, min = -0.5, max = 0.5)", lambda t: t["x"].clamp(-0.5, 0.5)),
        ("clamp_min", {"x": x}, "clamp(x, min = 0.1)", lambda t: t["x"].clamp(min=0.1)),
        ("lerp", {"x": x, "z": y}, "lerp(x, z, 0.3)", lambda t: torch.lerp(t["x"], t["z"], 0.3)),
        ("rsqrt", {"x": pos}, "rsqrt(x)", lambda t: t["x"].rsqrt()),
        ("tan", {"x": x}, "tan(x)", lambda t: t["x"].tan()),
        ("sinh", {"x": x}, "sinh(x)", lambda t: t["x"].sinh()),
        ("cosh", {"x": x}, "cosh(x)", lambda t: t["x"].cosh()),
        ("log2", {"x": pos}, "log2(x)", lambda t: t["x"].log2()),
        ("log10", {"x": pos}, "log10(x)", lambda t: t["x"].log10()),
        ("exp2", {"x": x}, "exp2(x)", lambda t: t["x"].exp2()),
        ("logit", {"x": torch.sigmoid(x)}, "logit(x)", lambda t: t["x"].logit()),
        ("erfinv", {"x": torch.tanh(2 * x)}, "erfinv(x)", lambda t: t["x"].erfinv()),
        ("xlogy", {"x": pos, "z": pos.flip(0)}, "xlogy(x, z)", lambda t: torch.xlogy(t["x"], t["z"])),
        ("sort", {"x": x}, "sort(x)", lambda t: t["x"].sort(-1)[0]),
        ("sort_descending", {"x": x}, "sort(x, axis = 0, descending = true)", lambda t: t["x"].sort(0, descending=True)[0]),
        ("top", {"x": x}, "top(x, 2)[0]", lambda t: t["x"].topk(2)[0]),
        ("top_axis", {"x": x}, "top(x, 2, axis = 0)[0]", lambda t: t["x"].topk(2, dim=0)[0]),
        ("one_hot", {"x": x}, "x * f32(one_hot(i32(stack([2, 0, 3])), 4))", lambda t: t["x"] * F.one_hot(torch.tensor([2, 0, 3]), 4)),
        ("bincount", {"x": x}, "x * f32(bincount(i32(stack([2, 0, 3, 3, 0, 3])), 4))", lambda t: t["x"] * torch.bincount(torch.tensor([2, 0, 3, 3, 0, 3]), minlength=4)),
        ("argmin", {"x": x}, "x * f32(argmin(x, axis = 0))", lambda t: t["x"] * t["x"].argmin(0)),
        ("flatten", {"x": draw(7, 2, 3, 4)}, "flatten(x)", lambda t: t["x"].flatten(1)),
        ("flatten_axes", {"x": draw(7, 2, 3, 4, 2)}, "flatten(x, start_dim = 1, end_dim = 2)", lambda t: t["x"].flatten(1, 2)),
        ("squeeze", {"x": draw(7, 2, 1, 4)}, "squeeze(x, axis = 1)", lambda t: t["x"].squeeze(1)),
        ("upsample", {"x": draw(8, 2, 3, 2, 3)}, "upsample(x, 2)", lambda t: F.interpolate(t["x"], scale_factor=2)),
        ("upsample_1d", {"x": draw(8, 2, 3, 5)}, "upsample(x, scale_factor = 3)", lambda t: F.interpolate(t["x"], scale_factor=3)),
        ("pixel_shuffle", {"x": draw(8, 2, 8, 2, 3)}, "pixel_shuffle(x, 2)", lambda t: F.pixel_shuffle(t["x"], 2)),
        ("pixel_unshuffle", {"x": draw(8, 2, 2, 4, 6)}, "pixel_unshuffle(x, 2)", lambda t: F.pixel_unshuffle(t["x"], 2)),
        ("local_response_norm", {"x": draw(8, 2, 5, 3)}, "local_response_norm(x, 3, alpha = 0.5, beta = 0.6, k = 1.5)",
         lambda t: F.local_response_norm(t["x"], 3, 0.5, 0.6, 1.5)),
    ]
    for name, inputs, call, torch_call in pairs:
        graph_case("functions", name, inputs, call, lambda t, m, f=torch_call: f(t))


# ---- layers -----------------------------------------------------------------------------------------

def seeded(module, seed=11):
    with torch.no_grad():
        for i, p in enumerate(module.parameters()):
            p.copy_(draw(seed + i, *p.shape, scale=0.5))
    return module


def layers():
    def one(name, layer, module, *sizes, positive=False):
        x = draw(21, *sizes)
        graph_case("layers", name, {"x": x}, "part(x)", lambda t, m: m(t["x"]), seeded(module), layer)

    one("linear", "linear(3, 4)", nn.Linear(3, 4), 5, 3)
    one("linear_3d", "linear(3, 4)", nn.Linear(3, 4), 2, 5, 3)
    one("linear_no_bias", "linear(in_features = 3, out_features = 4, bias = none)", nn.Linear(3, 4, bias=False), 5, 3)
    one("conv1d", "conv1d(2, 4, 3)", nn.Conv1d(2, 4, 3), 2, 2, 9)
    one("conv1d_all", "conv1d(4, 6, 3, stride = 2, padding = 2, dilation = 2, groups = 2)", nn.Conv1d(4, 6, 3, 2, 2, 2, 2), 2, 4, 9)
    one("conv2d", "conv2d(2, 3, 3)", nn.Conv2d(2, 3, 3), 2, 2, 5, 6)
    one("conv2d_stride", "conv2d(2, 3, 3, stride = 2)", nn.Conv2d(2, 3, 3, stride=2), 2, 2, 7, 6)
    one("conv2d_padding", "conv2d(2, 3, 3, padding = 1)", nn.Conv2d(2, 3, 3, padding=1), 2, 2, 4, 5)
    one("conv2d_dilation", "conv2d(2, 3, 2, dilation = 2)", nn.Conv2d(2, 3, 2, dilation=2), 2, 2, 5, 5)
    one("conv2d_groups", "conv2d(4, 6, 3, groups = 2)", nn.Conv2d(4, 6, 3, groups=2), 2, 4, 4, 4)
    one("conv2d_depthwise", "conv2d(3, 3, 3, padding = 1, groups = 3)", nn.Conv2d(3, 3, 3, padding=1, groups=3), 2, 3, 4, 4)
    one("conv2d_all", "conv2d(4, 6, (3, 2), stride = (2, 1), padding = (1, 2), dilation = (1, 2), groups = 2)",
        nn.Conv2d(4, 6, (3, 2), (2, 1), (1, 2), (1, 2), 2), 2, 4, 6, 5)
    one("conv2d_no_bias", "conv2d(2, 3, kernel_size = 1, bias = none)", nn.Conv2d(2, 3, 1, bias=False), 2, 2, 3, 3)
    one("conv3d", "conv3d(2, 3, 2, stride = 2, padding = 1)", nn.Conv3d(2, 3, 2, 2, 1), 2, 2, 3, 4, 3)
    one("conv_transpose1d", "conv_transpose1d(2, 4, 3, stride = 2, padding = 1, output_padding = 1)", nn.ConvTranspose1d(2, 4, 3, 2, 1, 1), 2, 2, 5)
    one("conv_transpose2d", "conv_transpose2d(2, 3, 3)", nn.ConvTranspose2d(2, 3, 3), 2, 2, 3, 4)
    one("conv_transpose2d_all", "conv_transpose2d(4, 6, 3, stride = 2, padding = 1, output_padding = 1, groups = 2, dilation = 2)",
        nn.ConvTranspose2d(4, 6, 3, 2, 1, 1, 2, dilation=2), 2, 4, 3, 4)
    one("batch_norm_2d", "batch_norm(3)", nn.BatchNorm1d(3), 6, 3)
    one("batch_norm_3d", "batch_norm(3)", nn.BatchNorm1d(3), 4, 3, 5)
    one("batch_norm_4d", "batch_norm(3)", nn.BatchNorm2d(3), 4, 3, 2, 3)
    one("batch_norm_eps", "batch_norm(3, eps = 0.01)", nn.BatchNorm2d(3, eps=0.01), 4, 3, 2, 3)
    one("batch_norm_momentum", "batch_norm(3, momentum = 0.3)", nn.BatchNorm1d(3, momentum=0.3), 6, 3)
    one("batch_norm_plain", "batch_norm(3, affine = false)", nn.BatchNorm1d(3, affine=False), 6, 3)
    still = nn.BatchNorm2d(3)
    still.running_mean.copy_(draw(31, 3))
    still.running_var.copy_(draw(32, 3).abs() + 0.5)
    one("batch_norm_eval", "batch_norm(3)", still.eval(), 4, 3, 2, 3)
    one("layer_norm", "layer_norm(4)", nn.LayerNorm(4), 3, 4)
    one("layer_norm_axes", "layer_norm([3, 4], eps = 0.01)", nn.LayerNorm([3, 4], eps=0.01), 2, 3, 4)
    one("layer_norm_plain", "layer_norm(4, elementwise_affine = false)", nn.LayerNorm(4, elementwise_affine=False), 3, 4)
    one("layer_norm_no_bias", "layer_norm(4, bias = none)", nn.LayerNorm(4, bias=False), 3, 4)
    one("rms_norm", "rms_norm(4, eps = 1e-6)", nn.RMSNorm(4, eps=1e-6), 3, 5, 4)
    one("group_norm", "group_norm(2, 4)", nn.GroupNorm(2, 4), 3, 4, 2, 3)
    one("group_norm_eps", "group_norm(num_groups = 3, num_channels = 6, eps = 0.01)", nn.GroupNorm(3, 6, eps=0.01), 2, 6, 5)
    one("instance_norm", "instance_norm(3)", nn.InstanceNorm2d(3), 2, 3, 3, 4)
    one("instance_norm_affine", "instance_norm(3, affine = true, eps = 0.01)", nn.InstanceNorm1d(3, affine=True, eps=0.01), 2, 3, 5)

    two = seeded(nn.Bilinear(3, 4, 2))
    graph_case("layers", "bilinear", {"x": draw(22, 5, 3), "z": draw(23, 5, 4)}, "part(x, z)",
               lambda t, m: m(t["x"], t["z"]), two, "bilinear(3, 4, 2)")
    ids = [[1, 4, 0], [2, 2, 4]]
    table = seeded(nn.Embedding(5, 3))
    graph_case("layers", "embedding", {}, f"part({literal(np.array(ids))})", lambda t, m: m(torch.tensor(ids)), table, "embedding(5, 3)")
    padded = seeded(nn.Embedding(5, 3, padding_idx=4))
    graph_case("layers", "embedding_padding", {}, f"part({literal(np.array(ids))})", lambda t, m: m(torch.tensor(ids)), padded, "embedding(5, 3, padding_idx = 4)")


def sequences():
    """Attention and recurrent layers."""
    q, k, v = draw(81, 2, 3, 4, scale=1.5), draw(82, 2, 5, 4, scale=1.5), draw(83, 2, 5, 3)
    mask = torch.tensor([[True, True, False, True, False]] * 3)
    sdpa = F.scaled_dot_product_attention
    inputs = {"q": q, "k": k, "v": v}
    own = {"q": q, "k": k[:, :3], "v": v[:, :3]}
    graph_case("sequences", "attend", inputs, "attend(q, k, v)", lambda t, m: sdpa(t["q"], t["k"], t["v"]))
    graph_case("sequences", "attend_mask", inputs, f"attend(q, k, v, mask = {literal(mask.long())} == 1, scale = 0.3)",
               lambda t, m: sdpa(t["q"], t["k"], t["v"], attn_mask=mask, scale=0.3))
    graph_case("sequences", "attend_causal", own, "attend(q, k, v, causal = true)", lambda t, m: sdpa(t["q"], t["k"], t["v"], is_causal=True))
    x, h, c = draw(84, 2, 3), draw(85, 2, 4), draw(86, 2, 4)
    graph_case("sequences", "rnn_cell", {"x": x, "h": h}, "part(x, h)", lambda t, m: m(t["x"], t["h"]), seeded(nn.RNNCell(3, 4)), "rnn_cell(3, 4)")
    graph_case("sequences", "gru_cell", {"x": x, "h": h}, "part(x, h)", lambda t, m: m(t["x"], t["h"]), seeded(nn.GRUCell(3, 4)), "gru_cell(3, 4)")
    graph_case("sequences", "lstm_cell", {"x": x, "h": h, "c": c}, "concat(list, axis = 1)", lambda t, m: torch.cat(m(t["x"], (t["h"], t["c"])), 1),
               seeded(nn.LSTMCell(3, 4)), "lstm_cell(3, 4)", local="        a, b = part(x, h, c)\n        list = [a, b]\n")


def pooling():
    x1, x2 = draw(41, 2, 3, 11), draw(42, 1, 2, 7, 8)
    table = [
        ("max_pool1d", x1, "max_pool1d(x, 3)", lambda v: F.max_pool1d(v, 3)),
        ("max_pool1d_all", x1, "max_pool1d(x, 3, stride = 2, padding = 1, dilation = 2)", lambda v: F.max_pool1d(v, 3, 2, 1, 2)),
        ("max_pool2d", x2, "max_pool2d(x, 2)", lambda v: F.max_pool2d(v, 2)),
        ("max_pool2d_all", x2, "max_pool2d(x, (3, 2), stride = (2, 1), padding = (1, 0), dilation = (1, 2))",
         lambda v: F.max_pool2d(v, (3, 2), (2, 1), (1, 0), (1, 2))),
        ("avg_pool1d", x1, "avg_pool1d(x, 3, stride = 2, padding = 1)", lambda v: F.avg_pool1d(v, 3, 2, 1)),
        ("avg_pool1d_inside", x1, "avg_pool1d(x, 3, stride = 2, padding = 1, count_include_pad = false)",
         lambda v: F.avg_pool1d(v, 3, 2, 1, count_include_pad=False)),
        ("avg_pool2d", x2, "avg_pool2d(x, 2)", lambda v: F.avg_pool2d(v, 2)),
        ("avg_pool2d_all", x2, "avg_pool2d(x, (3, 2), stride = (2, 1), padding = 1)", lambda v: F.avg_pool2d(v, (3, 2), (2, 1), 1)),
        ("avg_pool2d_inside", x2, "avg_pool2d(x, 3, stride = 2, padding = 1, count_include_pad = false)",
         lambda v: F.avg_pool2d(v, 3, 2, 1, count_include_pad=False)),
        ("avg_pool2d_divisor", x2, "avg_pool2d(x, 3, divisor_override = 5)", lambda v: F.avg_pool2d(v, 3, divisor_override=5)),
        ("adaptive_avg_pool1d", x1, "adaptive_avg_pool1d(x, 4)", lambda v: F.adaptive_avg_pool1d(v, 4)),
        ("adaptive_avg_pool2d", x2, "adaptive_avg_pool2d(x, (3, 5))", lambda v: F.adaptive_avg_pool2d(v, (3, 5))),
        ("adaptive_avg_pool2d_even", x2, "adaptive_avg_pool2d(x, [7, 4])", lambda v: F.adaptive_avg_pool2d(v, (7, 4))),
        ("adaptive_max_pool1d", x1, "adaptive_max_pool1d(x, 4)", lambda v: F.adaptive_max_pool1d(v, 4)),
        ("adaptive_max_pool2d", x2, "adaptive_max_pool2d(x, (3, 5))", lambda v: F.adaptive_max_pool2d(v, (3, 5))),
        ("adaptive_max_pool2d_even", x2, "adaptive_max_pool2d(x, (1, 2))", lambda v: F.adaptive_max_pool2d(v, (1, 2))),
        ("global_avg_pool", x2, "global_avg_pool(x)", lambda v: v.mean((2, 3))),
        ("global_max_pool", x2, "global_max_pool(x)", lambda v: v.amax((2, 3))),
    ]
    for name, x, call, torch_call in table:
        graph_case("pooling", name, {"x": x}, call, lambda t, m, f=torch_call: f(t["x"]))


# ---- losses -----------------------------------------------------------------------------------------

def losses():
    def one(name, inputs, call, torch_call, local="", **options):
        graph_case("losses", name, inputs, call, lambda t, m: torch_call(t), local=local, **options)

    x, y = draw(51, 4, 3), draw(52, 4, 3)
    both = {"x": x, "z": y}
    for reduction in ("mean", "sum", "none"):
        one(f"mse_{reduction}", both, f'mse(x, z, reduction = "{reduction}")', lambda t: F.mse_loss(t["x"], t["z"], reduction=reduction))
        one(f"l1_{reduction}", both, f'l1(x, z, reduce = "{reduction}")', lambda t: F.l1_loss(t["x"], t["z"], reduction=reduction))
        one(f"smooth_l1_{reduction}", both, f'smooth_l1(x, z, beta = 0.6, reduction = "{reduction}")',
            lambda t: F.smooth_l1_loss(t["x"], t["z"], beta=0.6, reduction=reduction))
        one(f"huber_{reduction}", both, f'huber(x, z, delta = 0.6, reduction = "{reduction}")',
            lambda t: F.huber_loss(t["x"], t["z"], delta=0.6, reduction=reduction))
    one("smooth_l1_beta_0", both, "smooth_l1(x, z, beta = 0)", lambda t: F.smooth_l1_loss(t["x"], t["z"], beta=0.0))
    one("smooth_l1", both, "smooth_l1(x, z)", lambda t: F.smooth_l1_loss(t["x"], t["z"]))
    one("huber", both, "huber(x, z)", lambda t: F.huber_loss(t["x"], t["z"]))
    one("log_cosh", both, "log_cosh(x, z)", lambda t: torch.log(torch.cosh(t["x"] - t["z"])).mean())
    counts = draw(53, 4, 3).abs().mul(3).round()
    for name, keywords in (("", {}), ("_plain", {"log_input": False}), ("_full", {"full": True}), ("_sum", {"reduction": "sum"}), ("_eps", {"log_input": False, "eps": 0.01})):
        lt = "".join(f", {k} = {value(v)}" for k, v in keywords.items())
        source = {"x": x.abs() + 0.2} if not keywords.get("log_input", True) else {"x": x}
        one(f"poisson_nll{name}", source, f"poisson_nll(x, {literal(counts)}{lt})", lambda t: F.poisson_nll_loss(t["x"], counts, **keywords))
    for name, keywords in (("", {}), ("_full", {"full": True}), ("_eps", {"eps": 0.8}), ("_none", {"reduction": "none"})):
        lt = "".join(f", {k} = {value(v)}" for k, v in keywords.items())
        one(f"gaussian_nll{name}", {"x": x, "z": y, "v": y.flip(0).abs() + 0.3}, f"gaussian_nll(x, z, v{lt})",
            lambda t: F.gaussian_nll_loss(t["x"], t["z"], t["v"], **keywords))
    one("quantile", both, "quantile(x, z, q = 0.2)", lambda t: torch.where(t["z"] >= t["x"], 0.2 * (t["z"] - t["x"]), 0.8 * (t["x"] - t["z"])).mean())

    logits = draw(54, 6, 4)
    label = torch.tensor([2, 0, 3, 3, 1, 0])
    local = f"        label = {literal(label)}\n"
    weight = torch.tensor([0.5, 2.0, 1.0, 0.25])
    table = [
        ("", {}), ("_sum", {"reduction": "sum"}), ("_none", {"reduction": "none"}), ("_smoothing", {"label_smoothing": 0.1}),
        ("_weight", {"weight": weight}), ("_ignore", {"ignore_index": 3}),
        ("_all", {"weight": weight, "ignore_index": 0, "label_smoothing": 0.2}),
        ("_all_sum", {"weight": weight, "ignore_index": 0, "label_smoothing": 0.2, "reduction": "sum"}),
        ("_all_none", {"weight": weight, "ignore_index": 0, "label_smoothing": 0.2, "reduction": "none"}),
    ]
    for name, keywords in table:
        lt = "".join(f", {k} = {value(v)}" for k, v in keywords.items())
        one(f"cross_entropy{name}", {"x": logits}, f"cross_entropy(x, label{lt})", lambda t: F.cross_entropy(t["x"], label, **keywords), local)
        if "label_smoothing" not in keywords:
            one(f"nll{name}", {"x": logits}, f"nll(x, label{lt})", lambda t: F.nll_loss(t["x"], label, **keywords), local)
    one("cross_entropy_3d", {"x": logits.reshape(2, 3, 4)}, f"cross_entropy(x, {literal(label.reshape(2, 3))})",
        lambda t: F.cross_entropy(t["x"].transpose(1, 2), label.reshape(2, 3)))
    chances = F.softmax(draw(55, 6, 4), -1)
    for name, keywords in (("", {}), ("_all", {"weight": weight, "label_smoothing": 0.1}), ("_none", {"reduction": "none"})):
        lt = "".join(f", {k} = {value(v)}" for k, v in keywords.items())
        one(f"cross_entropy_chances{name}", {"x": logits, "z": chances}, f"cross_entropy(x, z{lt})", lambda t: F.cross_entropy(t["x"], t["z"], **keywords))

    p = torch.sigmoid(x)
    sure = p.clone()
    sure[0, 0], sure[1, 1], sure[2, 2] = 0.0, 1.0, 1.0
    hard = (y > 0).double()
    rows = draw(56, 4, 3).abs()
    one("bce", {"x": p}, f"bce(x, {literal(hard)})", lambda t: F.binary_cross_entropy(t["x"], hard))
    one("bce_sure", {"x": x}, f'x * bce({literal(sure)}, {literal(hard)}, reduction = "none")', lambda t: t["x"] * F.binary_cross_entropy(sure, hard, reduction="none"))
    one("bce_all", {"x": torch.sigmoid(x)}, f'bce(x, {literal(torch.sigmoid(y))}, weight = {literal(rows)}, reduction = "sum")',
        lambda t: F.binary_cross_entropy(t["x"], torch.sigmoid(y), weight=rows, reduction="sum"))
    far = x.clone()
    far[0, 0], far[1, 1] = 800.0, -800.0
    one("bce_with_logits", {"x": far, "z": torch.sigmoid(y)}, "bce_with_logits(x, z)", lambda t: F.binary_cross_entropy_with_logits(t["x"], t["z"]))
    one("bce_with_logits_one", {"x": x}, "bce_with_logits(x, 1)", lambda t: F.binary_cross_entropy_with_logits(t["x"], torch.ones(4, 3)))
    one("bce_with_logits_zero", {"x": x}, "bce_with_logits(x, 0)", lambda t: F.binary_cross_entropy_with_logits(t["x"], torch.zeros(4, 3)))
    one("bce_with_logits_weight", {"x": x}, f'bce_with_logits(x, {literal(hard)}, weight = {literal(rows)}, reduction = "none")',
        lambda t: F.binary_cross_entropy_with_logits(t["x"], hard, weight=rows, reduction="none"))
    one("bce_with_logits_pos_weight", {"x": x}, f"bce_with_logits(x, {literal(hard)}, pos_weight = {literal(weight[:3])})",
        lambda t: F.binary_cross_entropy_with_logits(t["x"], hard, pos_weight=weight[:3]))

    logp = F.log_softmax(x, -1)
    for reduction in ("mean", "sum", "none", "batchmean"):
        one(f"kl_div_{reduction}", {"x": logp, "z": F.softmax(y, -1)}, f'kl_div(x, z, reduction = "{reduction}")',
            lambda t: F.kl_div(t["x"], t["z"], reduction=reduction))
    one("kl_div_log", {"x": logp, "z": F.log_softmax(y, -1)}, "kl_div(x, z, log_target = true)", lambda t: F.kl_div(t["x"], t["z"], log_target=True))
    sign = torch.where(y > 0, 1.0, -1.0)
    one("hinge", {"x": x}, f"hinge(x, {literal(sign)}, margin = 0.7)", lambda t: F.relu(0.7 - sign * t["x"]).mean())
    one("soft_margin", {"x": x}, f"soft_margin(x, {literal(sign)})", lambda t: F.soft_margin_loss(t["x"], sign))
    for name, keywords in (("", {}), ("_all", {"p": 2, "margin": 0.8, "weight": weight, "reduction": "sum"})):
        lt = "".join(f", {k} = {value(v)}" for k, v in keywords.items())
        one(f"multi_margin{name}", {"x": logits}, f"multi_margin(x, label{lt})", lambda t: F.multi_margin_loss(t["x"], label, **keywords), local)
    one("multilabel_soft_margin", {"x": x}, f"multilabel_soft_margin(x, {literal(hard)})", lambda t: F.multilabel_soft_margin_loss(t["x"], hard))
    one("cosine_similarity", both, "cosine_similarity(x, z)", lambda t: F.cosine_similarity(t["x"], t["z"], dim=-1))
    one("cosine_similarity_axis", both, "cosine_similarity(x, z, axis = 0)", lambda t: F.cosine_similarity(t["x"], t["z"], dim=0))
    one("pairwise_distance", both, "pairwise_distance(x, z)", lambda t: F.pairwise_distance(t["x"], t["z"]))
    one("pairwise_distance_p", both, "pairwise_distance(x, z, p = 3.0, eps = 0.01, keep = true)", lambda t: F.pairwise_distance(t["x"], t["z"], 3.0, 0.01, True))
    three = {"x": x, "z": y, "w": draw(57, 4, 3)}
    for name, keywords in (("", {}), ("_all", {"margin": 0.4, "p": 1, "swap": True, "reduction": "none"}), ("_swap", {"swap": True, "eps": 0.01})):
        lt = "".join(f", {k} = {value(v)}" for k, v in keywords.items())
        one(f"triplet_margin{name}", three, f"triplet_margin(x, z, w{lt})", lambda t: F.triplet_margin_loss(t["x"], t["z"], t["w"], **keywords))
    one("cosine_embedding", both, f"cosine_embedding(x, z, {literal(sign[:, 0])}, margin = -0.3)", lambda t: F.cosine_embedding_loss(t["x"], t["z"], sign[:, 0], margin=-0.3))
    one("margin_ranking", both, f"margin_ranking(x, z, {literal(sign)}, margin = 0.3)", lambda t: F.margin_ranking_loss(t["x"], t["z"], sign, margin=0.3))
    one("hinge_embedding", {"x": x}, f"hinge_embedding(x, {literal(sign)}, margin = 0.6)", lambda t: F.hinge_embedding_loss(t["x"], sign, margin=0.6))
    pt = torch.sigmoid(x)

    def focal(t):
        q = torch.sigmoid(t["x"])
        right = q * hard + (1 - q) * (1 - hard)
        ce = F.binary_cross_entropy_with_logits(t["x"], hard, reduction="none")
        return ((0.3 * hard + 0.7 * (1 - hard)) * ce * (1 - right) ** 3).mean()
    one("focal", {"x": x}, f"focal(x, {literal(hard)}, alpha = 0.3, gamma = 3)", focal)


# ---- optimisers -------------------------------------------------------------------------------------

def optimizer_case(name, call, make, steps=10):
    w, b = draw(61, 3, 4).requires_grad_(True), draw(62, 4).requires_grad_(True)
    a, c, d = draw(63, 3, 4).abs(), draw(64, 3, 4), draw(65, 4)
    start_w, start_b = literal(w.detach()), literal(b.detach())
    matrix_only = name.startswith("muon")
    step = make([w] if matrix_only else [w, b])
    for _ in range(steps):
        w.grad = b.grad = None
        loss = (a * (w - c) ** 2).sum() + (torch.sin(b) * d).sum() + (w.sum(0) * b).sum() * 0.1
        loss.backward()
        step()
    over = f"    optimizer = {call} over rank == 2\n    optimizer = sgd(lr = 0)\n" if matrix_only else f"    optimizer = {call}\n"
    spec = (
        "model Case() {\n"
        f"    param w: f32[3, 4] = {start_w}\n    param b: f32[4] = {start_b}\n"
        "    training_step() {\n"
        f"        minimize sum({literal(a)} * (w - {literal(c)})^2) + sum(sin(b) * {literal(d)}) + sum(sum(w, axis = 0) * b) * 0.1\n"
        "    }\n" + over + "}\n\n" + TRAINER.format(steps=steps))
    add("optimizers", name, spec, {"w": w.detach().numpy(), "b": b.detach().numpy()})


def optimizers():
    def builtin(cls, **keywords):
        def make(params):
            o = cls(params, foreach=False, **keywords) if cls is not torch.optim.Muon else cls(params, **keywords)
            return o.step
        return make

    def one(name, lt, cls, **keywords):
        args = ", ".join(f"{k} = {tuple_of(v)}" for k, v in keywords.items())
        optimizer_case(name, f"{lt}({args})", builtin(cls, **keywords))

    def tuple_of(v):
        return "(" + ", ".join(value(x) for x in v) + ")" if isinstance(v, tuple) else value(v)

    o = torch.optim
    one("sgd", "sgd", o.SGD, lr=0.05)
    one("sgd_default", "sgd", o.SGD)
    one("sgd_momentum", "sgd", o.SGD, lr=0.05, momentum=0.9)
    one("sgd_dampening", "sgd", o.SGD, lr=0.05, momentum=0.9, dampening=0.3)
    one("sgd_nesterov", "sgd", o.SGD, lr=0.05, momentum=0.8, nesterov=True)
    one("sgd_decay_maximize", "sgd", o.SGD, lr=0.01, momentum=0.5, weight_decay=0.1, maximize=True)
    one("adam", "adam", o.Adam)
    one("adam_all", "adam", o.Adam, lr=0.02, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1)
    one("adam_amsgrad", "adam", o.Adam, lr=0.1, betas=(0.5, 0.7), amsgrad=True)
    one("adam_maximize", "adam", o.Adam, lr=0.02, maximize=True)
    one("adamw", "adamw", o.AdamW)
    one("adamw_all", "adamw", o.AdamW, lr=0.02, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.3)
    one("adamw_amsgrad", "adamw", o.AdamW, lr=0.1, betas=(0.5, 0.7), amsgrad=True, maximize=True)
    one("rmsprop", "rmsprop", o.RMSprop)
    one("rmsprop_all", "rmsprop", o.RMSprop, lr=0.005, alpha=0.9, eps=1e-4, weight_decay=0.1, momentum=0.7, centered=True)
    one("rmsprop_maximize", "rmsprop", o.RMSprop, lr=0.005, centered=True, maximize=True)
    one("adagrad", "adagrad", o.Adagrad)
    one("adagrad_all", "adagrad", o.Adagrad, lr=0.1, lr_decay=0.05, weight_decay=0.1, initial_accumulator_value=0.3, eps=1e-4, maximize=True)
    one("adadelta", "adadelta", o.Adadelta)
    one("adadelta_all", "adadelta", o.Adadelta, lr=0.5, rho=0.8, eps=1e-3, weight_decay=0.1, maximize=True)
    one("nadam", "nadam", o.NAdam)
    one("nadam_all", "nadam", o.NAdam, lr=0.02, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.1, momentum_decay=0.02)
    one("nadam_decoupled", "nadam", o.NAdam, lr=0.02, weight_decay=0.1, decoupled_weight_decay=True, maximize=True)
    one("radam", "radam", o.RAdam)
    one("radam_all", "radam", o.RAdam, lr=0.02, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.1)
    one("radam_decoupled", "radam", o.RAdam, lr=0.02, weight_decay=0.1, decoupled_weight_decay=True, maximize=True)
    one("adamax", "adamax", o.Adamax)
    one("adamax_all", "adamax", o.Adamax, lr=0.02, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1, maximize=True)
    one("rprop", "rprop", o.Rprop)
    one("rprop_all", "rprop", o.Rprop, lr=0.1, etas=(0.4, 1.5), step_sizes=(1e-3, 0.3), maximize=True)
    one("adafactor", "adafactor", o.Adafactor, eps=(1e-7, 1e-3))
    one("adafactor_all", "adafactor", o.Adafactor, lr=0.5, beta2_decay=-0.6, eps=(1e-5, 0.2), d=1.2, weight_decay=0.1, maximize=True)

    # PyTorch's Muon iterates in bfloat16; in float64 it is its own source with that one cast left out.
    import inspect
    import torch.optim._muon as muon
    exact = inspect.getsource(muon._zeropower_via_newtonschulz).replace("grad.to(dtype=torch.bfloat16, copy=True)", "grad.clone()")
    exec(exact, muon.__dict__)
    one("muon", "muon", o.Muon)
    one("muon_all", "muon", o.Muon, lr=0.02, weight_decay=0.3, momentum=0.8, nesterov=False, ns_coefficients=(3.0, -3.2, 1.2), eps=1e-3, ns_steps=3)

    # No reference in PyTorch: the papers' formulas.
    def lion(params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        state = [torch.zeros_like(p) for p in params]

        def step():
            with torch.no_grad():
                for p, m in zip(params, state):
                    update = (betas[0] * m + (1 - betas[0]) * p.grad).sign()
                    p.mul_(1 - lr * weight_decay).sub_(lr * update)
                    m.mul_(betas[1]).add_((1 - betas[1]) * p.grad)
        return step

    def lamb(params, lr=1e-3, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.01):
        state = [(torch.zeros_like(p), torch.zeros_like(p)) for p in params]
        count = [0]

        def step():
            count[0] += 1
            with torch.no_grad():
                for p, (m, v) in zip(params, state):
                    m.mul_(betas[0]).add_((1 - betas[0]) * p.grad)
                    v.mul_(betas[1]).add_((1 - betas[1]) * p.grad ** 2)
                    u = m / (1 - betas[0] ** count[0]) / ((v / (1 - betas[1] ** count[0])).sqrt() + eps) + weight_decay * p
                    p.sub_(lr * p.norm() / u.norm() * u)
        return step

    optimizer_case("lion", "lion()", lambda params: lion(params))
    optimizer_case("lion_all", "lion(lr = 0.02, betas = (0.7, 0.9), weight_decay = 0.1)", lambda params: lion(params, 0.02, (0.7, 0.9), 0.1))
    optimizer_case("lamb", "lamb()", lambda params: lamb(params))
    optimizer_case("lamb_all", "lamb(lr = 0.02, betas = (0.7, 0.9), eps = 1e-3, weight_decay = 0.1)", lambda params: lamb(params, 0.02, (0.7, 0.9), 1e-3, 0.1))


# ---- schedules --------------------------------------------------------------------------------------

SPY = "optimizer spy(lr) { update(p, g, t) { p = p + lr * f32(i32(0..%d) == t - 1) } }\n"


def schedules():
    import warnings
    warnings.simplefilter("ignore")
    s = torch.optim.lr_scheduler

    def rates(make, steps):
        p = torch.zeros(1, requires_grad=True)
        optimizer = torch.optim.SGD([p], lr=0.5, momentum=0.9)
        schedule = make(optimizer)
        seen = []
        for _ in range(steps):
            seen.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step()
        return seen

    def one(name, call, seen):
        n = len(seen)
        spec = (f"model Case() {{\n    param seen: f32[{n}] = zeros\n"
                "    training_step() { minimize sum(seen) }\n"
                f"    optimizer = spy(lr = {call})\n}}\n\n" + SPY % n + TRAINER.format(steps=n))
        add("schedules", name, spec, {"seen": np.array(seen)})

    one("constant", "constant(0.5)", [0.5] * 5)
    one("constant_factor", "constant(0.5, factor = 0.25, total_iters = 3)", rates(lambda o: s.ConstantLR(o, 0.25, 3), 6))
    one("step", "step(0.5, step_size = 3)", rates(lambda o: s.StepLR(o, 3), 12))
    one("step_gamma", "step(0.5, step_size = 4 steps, gamma = 0.3)", rates(lambda o: s.StepLR(o, 4, 0.3), 12))
    one("multi_step", "multi_step(0.5, milestones = [2, 5, 9], gamma = 0.3)", rates(lambda o: s.MultiStepLR(o, [2, 5, 9], 0.3), 12))
    one("exponential", "exponential(0.5, gamma = 0.8)", rates(lambda o: s.ExponentialLR(o, 0.8), 12))
    one("linear_factor", "linear_factor(0.5)", rates(lambda o: s.LinearLR(o), 8))
    one("linear_factor_all", "linear_factor(0.5, start_factor = 0.1, end_factor = 0.7, total_iters = 6)", rates(lambda o: s.LinearLR(o, 0.1, 0.7, 6), 9))
    one("cosine", "cosine(0.5)", rates(lambda o: s.CosineAnnealingLR(o, 12), 12))
    one("cosine_all", "cosine(start = 0.5, T_max = 8, eta_min = 0.1)", rates(lambda o: s.CosineAnnealingLR(o, 8, 0.1), 8))
    one("cosine_restarts", "cosine_restarts(0.5, T_0 = 4)", rates(lambda o: s.CosineAnnealingWarmRestarts(o, 4), 13))
    one("cosine_restarts_all", "cosine_restarts(0.5, T_0 = 2, T_mult = 3, eta_min = 0.1)", rates(lambda o: s.CosineAnnealingWarmRestarts(o, 2, 3, 0.1), 30))
    one("polynomial", "polynomial(0.5)", rates(lambda o: s.PolynomialLR(o, 12), 12))
    one("polynomial_all", "polynomial(0.5, total_iters = 8, power = 2.5)", rates(lambda o: s.PolynomialLR(o, 8, 2.5), 12))
    one("one_cycle", "one_cycle(0.5)", rates(lambda o: s.OneCycleLR(o, 0.5, total_steps=20, cycle_momentum=False), 19) + [0.5 / 25 / 1e4])
    one("one_cycle_all", 'one_cycle(max_lr = 0.5, total_steps = 21, pct_start = 0.4, anneal_strategy = "linear", div_factor = 10.0, final_div_factor = 100.0)',
        rates(lambda o: s.OneCycleLR(o, 0.5, total_steps=21, pct_start=0.4, anneal_strategy="linear", div_factor=10.0, final_div_factor=100.0, cycle_momentum=False), 20))
    one("one_cycle_three", "one_cycle(max_lr = 0.5, total_steps = 21, three_phase = true)",
        rates(lambda o: s.OneCycleLR(o, 0.5, total_steps=21, three_phase=True, cycle_momentum=False), 20))
    one("cyclic", "cyclic(base_lr = 0.1, max_lr = 0.5, step_size_up = 4)", rates(lambda o: s.CyclicLR(o, 0.1, 0.5, 4, cycle_momentum=False), 20))
    one("cyclic_2", 'cyclic(0.1, 0.5, step_size_up = 4, step_size_down = 2, mode = "triangular2")',
        rates(lambda o: s.CyclicLR(o, 0.1, 0.5, 4, 2, "triangular2", cycle_momentum=False), 20))
    one("cyclic_exp", 'cyclic(0.1, 0.5, step_size_up = 3, mode = "exp_range", gamma = 0.9)',
        rates(lambda o: s.CyclicLR(o, 0.1, 0.5, 3, None, "exp_range", 0.9, cycle_momentum=False), 20))

    def formula(name, call, f, n=12):
        one(name, call, [f(k) for k in range(n)])
    formula("linear_warmup", "linear_warmup(0.5, warmup = 4)", lambda k: 0.5 * min(k / 4, 1))
    formula("warmup_cosine", "warmup_cosine(peak = 0.5, warmup = 4)", lambda k: 0.5 * k / 4 if k < 4 else 0.5 * (1 + math.cos(math.pi * (k - 4) / 8)) / 2)
    formula("warmup_cosine_all", "warmup_cosine(0.5, 3 steps, floor = 0.1, total = 15)",
            lambda k: 0.5 * k / 3 if k < 3 else 0.1 + 0.4 * (1 + math.cos(math.pi * (k - 3) / 12)) / 2)
    formula("warmup_linear", "warmup_linear(0.5, warmup = 4)", lambda k: 0.5 * k / 4 if k < 4 else 0.5 * (1 - (k - 4) / 8))
    formula("inverse_sqrt", "inverse_sqrt(0.5, warmup = 4)", lambda k: 0.5 * min((k + 1) / 4, math.sqrt(4 / (k + 1))))
    formula("noam", "noam(dim = 16, warmup = 4, factor = 2.0)", lambda k: 2 * 16 ** -0.5 * min((k + 1) ** -0.5, (k + 1) * 4 ** -1.5))

    losses_seen = [3.0, 2.9, 2.9, 2.89999, 2.95, 2.5, 2.6, 2.6, 2.6, 2.6, 2.6, 2.4, 2.45, 2.45, 2.45, 2.45]

    def plateau(name, call, **keywords):
        p = torch.zeros(1, requires_grad=True)
        optimizer = torch.optim.SGD([p], lr=0.5)
        schedule = s.ReduceLROnPlateau(optimizer, **keywords)
        sign = -1 if keywords.get("mode") == "max" else 1
        seen = []
        for loss in losses_seen:
            seen.append(optimizer.param_groups[0]["lr"])
            schedule.step(sign * loss + (6 if sign < 0 else 0))
        n = len(losses_seen)
        table = literal(np.array([sign * v + (6 if sign < 0 else 0) for v in losses_seen]))
        spec = (
            'data Rows {\n    source = npy(a = "a.npy")\n    split = (train = 2, val = 2)\n    batch = 2\n    sample(a: f64) { x = f32(a) }\n}\n\n'
            f"model Case() {{\n    param seen: f32[{n}] = zeros\n"
            "    training_step(x) { minimize sum(seen) + 0 * sum(x) }\n"
            f"    validation_step(x) {{ log val_loss = sum({table} * f32(i32(0..{n}) == trainer.step - 1)) + 0 * sum(x) }}\n"
            f"    optimizer = spy(lr = {call})\n}}\n\n" + SPY % n +
            f'trainer {{ max_epochs = {n}; num_sanity_val_steps = 0; precision = "64-true"; log_every_n_steps = 1; loggers = [csv()] }}\n')
        add("schedules", name, spec, {"seen": np.array(seen)}, files={"a.npy": {"dtype": "float64", "shape": [4], "data": [1.0, 2.0, 3.0, 4.0]}})

    plateau("reduce_on_plateau", 'reduce_on_plateau(0.5, monitor = "val_loss", patience = 2)', patience=2)
    plateau("reduce_on_plateau_all", 'reduce_on_plateau(0.5, monitor = "val_loss", factor = 0.3, patience = 1, threshold = 0.05, threshold_mode = "abs", cooldown = 2, min_lr = 0.02)',
            factor=0.3, patience=1, threshold=0.05, threshold_mode="abs", cooldown=2, min_lr=0.02)
    plateau("reduce_on_plateau_max", 'reduce_on_plateau(0.5, monitor = "val_loss", mode = "max", patience = 1)', mode="max", patience=1)


# ---- metrics ----------------------------------------------------------------------------------------

def metrics():
    # torchmetrics counts in float32, hence the wider tolerance.
    import torchmetrics.classification as tc
    import torchmetrics.regression as tr
    import torchmetrics.text as tt
    n, c = 13, 4
    logits = draw(71, n, c)
    label = torch.from_numpy(np.random.default_rng(72).integers(0, 3, n))        # class 3 never occurs
    logits[:, 3] -= 9                                                             # nor is it guessed
    score = draw(73, n)
    truth = torch.from_numpy(np.random.default_rng(74).integers(0, 2, n))
    guess, real = draw(75, n), draw(76, n)

    def array(name, data, dtype):
        data = np.asarray(data)
        return name, {"dtype": dtype, "shape": list(data.shape), "data": data.reshape(-1).tolist()}

    head = 4                                                                      # rows of the training split, first in the file
    files = dict([
        array("logits.npy", np.concatenate([np.zeros((head, c)), logits]), "float64"),
        array("label.npy", np.concatenate([np.zeros(head, int), label]), "int32"),
        array("score.npy", np.concatenate([np.zeros(head), score]), "float64"),
        array("truth.npy", np.concatenate([np.zeros(head, int), truth]), "int32"),
        array("guess.npy", np.concatenate([np.zeros(head), guess]), "float64"),
        array("real.npy", np.concatenate([np.zeros(head), real]), "float64"),
    ])
    expected, lines = {}, []

    def one(name, call, metric, *arguments):
        expected[name] = float(metric(*arguments))
        lines.append(f"        log {name} = {call}")

    one("accuracy", "accuracy(logits, label)", tc.MulticlassAccuracy(c, average="micro"), logits, label)
    one("accuracy_top2", "accuracy(logits, label, top_k = 2)", tc.MulticlassAccuracy(c, top_k=2, average="micro"), logits, label)
    one("accuracy_ignore", "accuracy(logits, label, ignore_index = 1)", tc.MulticlassAccuracy(c, average="micro", ignore_index=1), logits, label)
    for average in ("macro", "micro", "weighted"):
        for lt, cls in (("precision", tc.MulticlassPrecision), ("recall", tc.MulticlassRecall), ("f1", tc.MulticlassF1Score),
                        ("specificity", tc.MulticlassSpecificity), ("jaccard", tc.MulticlassJaccardIndex)):
            one(f"{lt}_{average}", f'{lt}(logits, label, average = "{average}")', cls(num_classes=c, average=average), logits, label)
        one(f"fbeta_{average}", f'fbeta(logits, label, beta = 2.0, average = "{average}")', tc.MulticlassFBetaScore(2.0, c, average=average), logits, label)
    chance = torch.sigmoid(score)
    one("binary_accuracy", "binary_accuracy(score, truth)", tc.BinaryAccuracy(), chance, truth)
    one("binary_accuracy_threshold", "binary_accuracy(score, truth, threshold = 0.3)", tc.BinaryAccuracy(0.3), chance, truth)
    one("binary_precision", "binary_precision(score, truth, threshold = 0.4)", tc.BinaryPrecision(0.4), chance, truth)
    one("binary_recall", "binary_recall(score, truth, threshold = 0.6)", tc.BinaryRecall(0.6), chance, truth)
    one("binary_f1", "binary_f1(score, truth)", tc.BinaryF1Score(), chance, truth)
    one("auroc", "auroc(score, truth, bins = 2000)", tc.BinaryAUROC(), chance, truth)
    one("perplexity", "perplexity(logits, label)", tt.Perplexity(), logits[None], label[None])
    one("perplexity_ignore", "perplexity(logits, label, ignore_index = 1)", tt.Perplexity(ignore_index=1), logits[None], label[None])
    one("mae", "mae(guess, real)", tr.MeanAbsoluteError(), guess, real)
    one("mean_squared_error", "mean_squared_error(guess, real)", tr.MeanSquaredError(), guess, real)
    one("rmse", "rmse(guess, real)", tr.MeanSquaredError(squared=False), guess, real)
    one("mape", "mape(guess, real)", tr.MeanAbsolutePercentageError(), guess, real)
    one("r2", "r2(guess, real)", tr.R2Score(), guess, real)
    one("mean_cosine_similarity", "mean_cosine_similarity(logits, logits + 1)", tr.CosineSimilarity(reduction="mean"), logits, logits + 1)
    one("mean_metric", "mean_metric(real)", lambda v: v.mean(), real)
    one("sum_metric", "sum_metric(real)", lambda v: v.sum(), real)
    one("max_metric", "max_metric(real)", lambda v: v.max(), real)
    one("min_metric", "min_metric(real)", lambda v: v.min(), real)
    one("mse", "mse(guess, real)", tr.MeanSquaredError(), guess, real)

    data = (
        'data Rows {\n    source = npy(logits = "logits.npy", label = "label.npy", score = "score.npy", truth = "truth.npy", guess = "guess.npy", real = "real.npy")\n'
        f'    split = (train = {head}, val = {n})\n    split_order = "file"\n    batch = 4\n'
        f"    sample(logits: f64[{c}], label: i32, score: f64, truth: i32, guess: f64, real: f64) {{\n"
        "        logits = f32(logits)\n        label = label\n        score = f32(score)\n        truth = truth == 1\n        guess = f32(guess)\n        real = f32(real)\n    }\n}\n\n")
    fields = "logits, label, score, truth, guess, real"

    def spec_of(lines):
        return (data + "model Case() {\n    param w: f32 = 1.0\n"
                "    training_step(guess) { minimize w^2 * mean(guess) }\n"
                f"    validation_step({fields}) {{\n" + "\n".join(lines) + "\n    }\n"
                "    optimizer = sgd(lr = 0.1)\n}\n\n"
                'trainer { max_epochs = 1; precision = "64-true"; log_every_n_steps = 1; loggers = [csv()] }\n')
    # Unused fields are allowed in a step, so each metric is a case of its own: a fault names its metric.
    for line, (name, number_) in zip(lines, expected.items()):
        add("metrics", name, spec_of([line]), log={name: number_}, files=files, tolerance=2e-7)
    add("metrics", "all_together", spec_of(lines), log=expected, files=files, tolerance=2e-7)


# ---- initial values -----------------------------------------------------------------------------------

def initializers():
    """Draws differ, so distributions are compared: mean, deviation, bounds of a large sample of PyTorch's."""
    init = nn.init

    def one(name, call, make, *sizes, orthogonal=None):
        spec = (f"model Case() {{\n    param w: f32{list(sizes)} = {call}\n"
                "    training_step() { minimize sum(w) }\n"
                "    optimizer = sgd(lr = 0)\n}\n\n" + TRAINER.format(steps=1))
        many = make(torch.empty(*sizes)) if name in ("eye", "dirac") or orthogonal else \
            torch.cat([make(torch.empty(*sizes)).reshape(-1) for _ in range(50)])
        moments = {"mean": many.mean().item(), "std": many.std(correction=0).item(), "low": many.min().item(), "high": many.max().item()}
        add("initializers", name, spec, moments={"w": moments}, **({"orthogonal": {"w": orthogonal}} if orthogonal else {}))

    torch.manual_seed(5)
    one("normal", "normal()", init.normal_, 150, 200)
    one("normal_keywords", "normal(mean = 0.5, std = 0.02)", lambda w: init.normal_(w, 0.5, 0.02), 150, 200)
    one("truncated_normal", "truncated_normal()", init.trunc_normal_, 150, 200)
    one("truncated_normal_keywords", "truncated_normal(mean = 0.1, std = 0.5, a = -0.3, b = 1.0)", lambda w: init.trunc_normal_(w, 0.1, 0.5, -0.3, 1.0), 150, 200)
    one("uniform", "uniform(-0.2, 0.7)", lambda w: init.uniform_(w, -0.2, 0.7), 150, 200)
    one("xavier_uniform", "xavier_uniform()", init.xavier_uniform_, 100, 300)
    one("xavier_uniform_gain", "xavier_uniform(gain = 2.0)", lambda w: init.xavier_uniform_(w, 2.0), 30, 20, 7, 7)
    one("xavier_normal", "xavier_normal(gain = 0.5)", lambda w: init.xavier_normal_(w, 0.5), 100, 300)
    one("kaiming_uniform", "kaiming_uniform()", init.kaiming_uniform_, 100, 300)
    one("kaiming_uniform_keywords", 'kaiming_uniform(a = 0.3, mode = "fan_out")', lambda w: init.kaiming_uniform_(w, 0.3, "fan_out"), 40, 20, 7, 7)
    one("kaiming_normal", "kaiming_normal()", init.kaiming_normal_, 100, 300)
    one("kaiming_normal_keywords", 'kaiming_normal(mode = "fan_out", nonlinearity = "tanh")', lambda w: init.kaiming_normal_(w, 0, "fan_out", "tanh"), 100, 300)
    one("kaiming_fan", "kaiming_normal(fan_in = 50)", lambda w: init.normal_(w, 0, math.sqrt(2 / 50)), 100, 300)
    one("linear", "kaiming_uniform(fan_in = 300, a = sqrt(5))", lambda w: init.kaiming_uniform_(w, math.sqrt(5)), 100, 300)
    one("eye", "eye()", init.eye_, 30, 20)
    one("dirac", "dirac()", init.dirac_, 6, 4, 3, 3)
    one("sparse", "sparse(sparsity = 0.25, std = 0.5)", lambda w: init.sparse_(w, 0.25, 0.5), 150, 200)
    one("orthogonal_wide", "orthogonal()", init.orthogonal_, 40, 60, orthogonal=1.0)
    one("orthogonal_tall", "orthogonal(gain = 2.0)", lambda w: init.orthogonal_(w, 2.0), 60, 40, orthogonal=2.0)
    one("orthogonal_square", "orthogonal()", init.orthogonal_, 50, 50, orthogonal=1.0)
    one("orthogonal_kernel", "orthogonal()", init.orthogonal_, 16, 8, 3, 3, orthogonal=1.0)


def write():
    """Writes each theme that has cases to a file of its own."""
    total = 0
    for theme, group in cases.items():
        shared = {}
        for case in group:                      # the metrics share their files
            if "files" in case and theme == "metrics":
                shared = case.pop("files")
        text = json.dumps({"files": shared, "cases": group}, separators=(",", ":"))
        text = text.replace('{"name":', '\n{"name":')
        (here / f"{theme}.json").write_text(text + "\n")
        total += len(text)
        print(f"{theme}: {len(group)} cases, {len(text) // 1024} KiB")
    print(f"{sum(map(len, cases.values()))} cases, {total // 1024} KiB; torch {torch.__version__}")


if __name__ == "__main__":
    for theme in (functions, activations, layers, sequences, pooling, losses, optimizers, schedules, metrics, initializers):
        theme()
    write()
