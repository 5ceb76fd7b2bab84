#!/usr/bin/env python3
"""Records what Lightning 2.6.6 is called and what it does, for the tests beside this file.

    record.py --names names.json --traces traces.json
    record.py --check                                   records anew and compares; exits with 77 without Lightning

Names: every argument of the Trainer, of callbacks, loggers and methods, and every hook. Traces: the runs of
scenarios.py: hooks in their order with step, epoch and batch; the weight after each optimiser step; the names of
checkpoints; the rows of metrics.csv. Never use versions 2.6.2 and 2.6.3 of the package: they were malware.
"""

import argparse
import csv
import inspect
import json
import logging
import os
import pathlib
import sys
import tempfile
import warnings

try:
    import lightning.pytorch as L
    import torch
except ImportError:
    print("Lightning is not installed")
    sys.exit(77)
from lightning.pytorch import callbacks, loggers, profilers
from lightning.pytorch.cli import LightningCLI
from lightning.pytorch.core.hooks import CheckpointHooks, DataHooks, ModelHooks
from lightning.pytorch.tuner import Tuner

from scenarios import BATCH, ROWS, SCENARIOS, TABLE, TRAIN, VAL, code

VERSION = "2.6.6"

# Base classes that only stand for others, and members that are not called by users.
ABSTRACT = {"Callback", "Checkpoint", "ProgressBar", "Logger", "BaseFinetuning"}
DATA_KEYS = ("CHECKPOINT_HYPER_PARAMS_KEY", "CHECKPOINT_HYPER_PARAMS_NAME", "CHECKPOINT_HYPER_PARAMS_TYPE")


def arguments(function):
    return [name for name in inspect.signature(function).parameters if name not in ("self", "args", "kwargs")]


def members(*classes):
    found = []
    for one in classes:
        found += [
            name for name in vars(one) if not name.startswith("_") and name not in DATA_KEYS and name not in found
        ]
    return found


def names():
    """Section: [name, …]; an argument of a class is CLASS(argument)."""

    def calls(module):
        every = []
        for name in sorted(set(module.__all__) - ABSTRACT):
            one = getattr(module, name)
            every.append(name)
            # A LambdaCallback takes the hooks as arguments: they stand in the section of hooks.
            every += [f"{name}({argument})" for argument in arguments(one.__init__) if name != "LambdaCallback"]
        return every

    methods = []
    for name in members(L.Trainer):
        one = inspect.getattr_static(L.Trainer, name)
        methods.append(name)
        if name in ("fit", "validate", "test", "predict", "save_checkpoint"):
            methods += [f"{name}({argument})" for argument in arguments(one)]
    tuner = [f"Tuner.{name}({argument})" for name in members(Tuner) for argument in arguments(getattr(Tuner, name))]
    return {
        "Trainer arguments": arguments(L.Trainer.__init__),
        "Trainer methods and attributes": methods,
        "Callbacks": calls(callbacks),
        "Callback hooks": members(L.Callback),
        "LightningModule hooks": members(ModelHooks, CheckpointHooks),
        "LightningModule members": members(L.LightningModule),
        "LightningModule.log arguments": arguments(L.LightningModule.log),
        "Data hooks": members(DataHooks) + members(L.LightningDataModule),
        "Loggers": calls(loggers),
        "Profilers": sorted(profilers.__all__),
        "Tuner": tuner,
        "LightningCLI arguments": arguments(LightningCLI.__init__),
        "LightningCLI commands and options": ["fit", "validate", "test", "predict"]
        + [
            "--config",
            "--print_config",
            "--help",
            "--trainer.NAME",
            "--model.NAME",
            "--data.NAME",
            "--optimizer",
            "--lr_scheduler",
            "--seed_everything",
            "--ckpt_path",
            "--trainer.callbacks+=",
            "PL_FIT__TRAINER__NAME",
            "PL_TRAINER_NAME",
            "config.yaml",
        ],
        "Functions": ["seed_everything", "load_from_checkpoint"],
    }


# ---- traces -------------------------------------------------------------------------------------

HOOKS = [
    name
    for name in members(L.Callback)
    if name.startswith("on_")
    and name
    not in (
        "on_exception",
        "on_save_checkpoint",
        "on_load_checkpoint",
        "on_before_backward",
        "on_after_backward",
        "on_before_optimizer_step",
        "on_before_zero_grad",
    )
]


class Tracer(L.Callback):
    """Writes the hooks down; asks for the stop; keeps the weight after each step."""

    def __init__(self, stop):
        self.stop, self.events, self.weights = stop, [], []


def note(hook):
    def call(self, trainer, module, *rest):
        batch = trainer.fit_loop.batch_idx if hook.startswith("on_train_batch") else 0
        self.events.append(f"{hook[3:]} {trainer.global_step} {trainer.current_epoch} {batch}")
        if hook == "on_train_batch_end" and trainer.global_step > len(self.weights):
            self.weights.append(float(module.w))
        if self.stop and hook == self.stop[0] and trainer.global_step >= self.stop[1] and not trainer.sanity_checking:
            trainer.should_stop = True

    return call


for hook in HOOKS:
    setattr(Tracer, hook, note(hook))


class Line(L.LightningModule):
    def __init__(self, program):
        super().__init__()
        self.w = torch.nn.Parameter(torch.tensor(1.0))
        self.v = torch.nn.Parameter(torch.tensor(2.0))
        self.program = program

    def training_step(self, x, index):
        main = (self.w * x).mean()
        loss = main + (0.25 if self.program.startswith("clip") else 0) * self.v
        if self.program == "logs":
            self.log("plain", x.mean())
            self.log("both", x.mean(), on_epoch=True)
            self.log("epoch_only", x.mean(), on_step=False, on_epoch=True)
            self.log("most", x.max(), on_step=False, on_epoch=True, reduce_fx="max")
            self.log("total", x.mean(), on_step=False, on_epoch=True, reduce_fx="sum")
        else:
            self.log("train_loss", main)
        if self.program == "early_train":
            self.log("loss", main, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, x, index, dataloader_idx=0):
        self.log("val_loss", TABLE[min(self.global_step, len(TABLE) - 1)], batch_size=len(x))
        self.log("val_x", x.mean(), batch_size=len(x))
        if self.program == "ema":
            self.log("val_w", self.w, batch_size=len(x))

    def test_step(self, x, index):
        self.log("test_x", x.mean(), batch_size=len(x))

    def predict_step(self, x, index):
        return self.w * x

    def configure_optimizers(self):
        if not self.program.startswith("rates"):
            return torch.optim.SGD(self.parameters(), lr=0.01)
        sgd = torch.optim.SGD(self.parameters(), lr=0.01, momentum=0.5, weight_decay=0.25)
        schedule = torch.optim.lr_scheduler.StepLR(sgd, step_size=2, gamma=0.5)
        return {"optimizer": sgd, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


class LineWithHooks(Line):
    """Tells the tracer of its own hooks, which come behind those of callbacks."""


def own_note(hook):
    def call(self, *rest):
        place = f"{self.trainer.global_step} {self.trainer.current_epoch} 0"
        self.tracer.events.append(f"module_{hook[3:]} {place}")

    return call


for hook in HOOKS:
    if "sanity" not in hook:
        setattr(LineWithHooks, hook, own_note(hook))


def made(name, given):
    kinds = {
        "early_stopping": callbacks.EarlyStopping,
        "model_checkpoint": callbacks.ModelCheckpoint,
        "lr_monitor": callbacks.LearningRateMonitor,
        "timer": callbacks.Timer,
        "ema_weights": callbacks.EMAWeightAveraging,
    }
    return kinds[name](**given)


def read_rows(folder):
    """The rows of one step together, empty cells left out."""
    merged = {}
    for path in folder.rglob("metrics.csv"):
        with open(path, newline="") as file:
            for row in csv.DictReader(file):
                seen = merged.setdefault(row["step"], {})
                seen.update({key: value for key, value in row.items() if value and key != "step"})
    return [{"step": step, **merged[step]} for step in sorted(merged, key=int)]


def loaders():
    def of(rows):
        return torch.utils.data.DataLoader(torch.tensor(rows), batch_size=BATCH)

    return of(ROWS[:TRAIN]), of(ROWS[TRAIN : TRAIN + VAL])


def run(scenario, folder):
    train, val = loaders()
    own = scenario["program"] == "module"
    tracer, model = Tracer(scenario["stop"]), (LineWithHooks if own else Line)(scenario["program"])
    model.tracer = tracer
    own = [made(*one) for one in scenario["callbacks"] if scenario["program"] != "two"]
    if scenario["program"] == "two":
        own = [
            callbacks.ModelCheckpoint(monitor="val_loss", save_top_k=2, filename="best-{step}"),
            callbacks.ModelCheckpoint(every_n_train_steps=3, save_top_k=-1, filename="every-{step}"),
        ]
    own += [] if scenario["trainer"].get("barebones") else [tracer]
    options = {
        "accelerator": "cpu",
        "default_root_dir": folder,
        "enable_progress_bar": False,
        **scenario["trainer"],
        "enable_model_summary": False,
        "callbacks": own,
        "logger": loggers.CSVLogger(folder),
    }
    if scenario["trainer"].get("barebones"):
        own = [tracer]
        options.update(logger=None, callbacks=own, num_sanity_val_steps=None)
    trainer = L.Trainer(**options)
    sets = [val, val] if scenario["program"] == "sets" else val
    trainer.fit(model, train, sets)
    return tracer, model, trainer


def evaluation(command, folder):
    _, val = loaders()
    tracer = Tracer(None)
    trainer = L.Trainer(
        accelerator="cpu",
        default_root_dir=folder,
        enable_progress_bar=False,
        callbacks=[tracer],
        logger=False,
        enable_model_summary=False,
    )
    getattr(trainer, command)(Line("plain"), val)
    return tracer


def traces():
    every = {}
    for scenario in SCENARIOS:
        with tempfile.TemporaryDirectory() as folder:
            tracer, model, trainer = run(scenario, folder)
            files = sorted(path.name[:-5] for path in pathlib.Path(folder).rglob("*.ckpt"))
            every[scenario["name"]] = {
                "hooks": tracer.events,
                "weights": tracer.weights,
                "files": files,
                "rows": read_rows(pathlib.Path(folder)),
                "steps": trainer.global_step,
            }
    for command in ("validate", "test", "predict"):
        with tempfile.TemporaryDirectory() as folder:
            every[command] = {"hooks": evaluation(command, folder).events}
    return every


def short(event):
    """`train_batch_end 1 0 0` as `Tb> 1.0.0`: hook, then step, epoch, batch."""
    hook, *place = event.split()
    return code(hook) + " " + ".".join(place)


def compact(every):
    """A run's events as one text: small, and a change shows where it is."""
    for run in every.values():
        run["hooks"] = "; ".join(short(event) for event in run["hooks"])
        if "rows" in run:
            run["rows"] = [" ".join(f"{key}={value}" for key, value in row.items()) for row in run["rows"]]
            run["weights"] = " ".join(repr(value) for value in run["weights"])
    return every


def write(path, value):
    path.write_text(json.dumps(value, indent=1) + "\n")


HERE = pathlib.Path(__file__).parent


def same(a, b):
    """The same words, and numbers that agree to the last bits of a float."""
    if len(a) != len(b):
        return False
    for x, y in zip(a, b):
        try:
            if x.rpartition("=")[0] != y.rpartition("=")[0]:
                return False
            x, y = float(x.rpartition("=")[2]), float(y.rpartition("=")[2])
        except ValueError:
            pass
        if x != y and not (isinstance(x, float) and isinstance(y, float) and abs(x - y) <= 1e-6 * max(1, abs(y))):
            return False
    return True


def words(run):
    return json.dumps(run).replace('"', " ").replace(",", " ").split()


def check():
    """How many recordings are not those that are kept."""
    kept_names = json.loads((HERE / "names.json").read_text())["names"]
    kept = json.loads((HERE / "traces.json").read_text())["runs"]
    bad = [section for section, found in names().items() if found != kept_names.get(section)]
    bad += [name for name, run in compact(traces()).items() if not same(words(run), words(kept.get(name)))]
    print(f"{len(kept) + len(kept_names) - len(bad)} of {len(kept) + len(kept_names)} recordings are as kept {bad}")
    return len(bad)


def main():
    parser = argparse.ArgumentParser(description="records Lightning's names and traces")
    parser.add_argument("--names", type=pathlib.Path)
    parser.add_argument("--traces", type=pathlib.Path)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if L.__version__ != VERSION:
        print(f"this records Lightning {VERSION}; installed is {L.__version__}")
        sys.exit(77)
    warnings.filterwarnings("ignore")
    for name in ("lightning.pytorch", "lightning"):
        logging.getLogger(name).setLevel(logging.ERROR)
    os.environ.pop("SLURM_NTASKS", None)
    if options.check:
        sys.exit(1 if check() else 0)
    if options.names:
        write(options.names, {"version": VERSION, "names": names()})
    if options.traces:
        write(options.traces, {"version": VERSION, "runs": compact(traces())})


if __name__ == "__main__":
    main()
