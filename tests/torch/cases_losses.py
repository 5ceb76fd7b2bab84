"""Losses: values and gradients, each keyword at another value than its default once."""
import torch
import torch.nn.functional as F

from cases import draw, graph_case, literal, value


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


def record():
    losses()
