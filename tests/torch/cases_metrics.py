"""Metrics over ragged batches, and distributions of initial values."""
import math

import numpy as np
import torch
from torch import nn

from cases import TRAINER, add, draw, shape


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


def record():
    metrics()
    initializers()
