"""Functions, activations, layers and pooling: values and gradients."""
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from cases import draw, graph_case, literal


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
    graph_case("sequences", "multi_head_attention", {"x": q}, "part(x)", lambda t, m: m(t["x"], t["x"], t["x"])[0],
               seeded(nn.MultiheadAttention(4, 2, batch_first=True)), "multi_head_attention(4, 2)")
    graph_case("sequences", "multi_head_attention_causal", {"x": q}, "part(x, causal = true)",
               lambda t, m: m(t["x"], t["x"], t["x"], attn_mask=torch.ones(3, 3).triu(1) > 0)[0], seeded(nn.MultiheadAttention(4, 1, bias=False, batch_first=True)),
               "multi_head_attention(4, 1, bias = false)")
    read = torch.tensor([[True, True, False, True, False], [False, True, True, True, True]])
    graph_case("sequences", "multi_head_attention_memory", {"x": q, "k": k}, f"part(x, memory = k, mask = {literal(read.long())} == 1)",
               lambda t, m: m(t["x"], t["k"], t["k"], key_padding_mask=~read)[0],
               seeded(nn.MultiheadAttention(4, 2, batch_first=True)), "multi_head_attention(4, 2)")
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
        ("max_pool1d_ceil", x1, "max_pool1d(x, 3, stride = 2, padding = 1, ceil_mode = true)",
         lambda v: F.max_pool1d(v, 3, 2, 1, ceil_mode=True)),
        ("max_pool2d_ceil", x2, "max_pool2d(x, (3, 2), stride = (2, 3), dilation = (1, 2), ceil_mode = true)",
         lambda v: F.max_pool2d(v, (3, 2), (2, 3), 0, (1, 2), ceil_mode=True)),
        ("avg_pool1d_ceil", x1, "avg_pool1d(x, 3, stride = 2, padding = 1, ceil_mode = true)",
         lambda v: F.avg_pool1d(v, 3, 2, 1, ceil_mode=True)),
        ("avg_pool2d_ceil", x2, "avg_pool2d(x, (3, 4), stride = (2, 3), padding = (1, 2), ceil_mode = true)",
         lambda v: F.avg_pool2d(v, (3, 4), (2, 3), (1, 2), ceil_mode=True)),
        ("avg_pool2d_ceil_inside", x2, "avg_pool2d(x, 3, stride = 2, padding = 1, count_include_pad = false, ceil_mode = true)",
         lambda v: F.avg_pool2d(v, 3, 2, 1, ceil_mode=True, count_include_pad=False)),
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


def record():
    functions()
    activations()
    layers()
    sequences()
    pooling()
