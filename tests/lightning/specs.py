"""The `.lt` programs of the comparison: one model, several lists of callbacks."""

from scenarios import BATCH, TABLE, TRAIN, VAL

HOOKS = (
    """on_fit_start on_sanity_check_start on_sanity_check_end on_train_start on_train_epoch_start on_train_batch_start
on_train_batch_end on_validation_start on_validation_epoch_start on_validation_batch_start on_validation_batch_end
on_validation_epoch_end on_validation_end on_train_epoch_end on_train_end on_fit_end on_test_start on_test_epoch_start
on_test_batch_start on_test_batch_end on_test_epoch_end on_test_end on_predict_start on_predict_epoch_start
on_predict_batch_start on_predict_batch_end on_predict_epoch_end on_predict_end""".split()
)


def data(name):
    return f"""
data {name} {{
    source      = npy(x = "x.npy")
    split       = (train = {TRAIN}, val = {VAL}, test = {VAL})
    split_order = "file"
    shuffle     = false
    batch       = {BATCH}
    sample(x: f64) {{ x = f32(x) }}
}}
"""


TRAINING = {
    "logs": """log plain = mean(x)
        log both = mean(x) { on_step = true; on_epoch = true }
        log epoch_only = mean(x) { on_step = false; on_epoch = true }
        log most = max(x) { on_step = false; on_epoch = true; reduce = "max" }
        log total = mean(x) { on_step = false; on_epoch = true; reduce = "sum" }""",
    "early_train": "log train_loss = main; log loss = main { on_step = false; on_epoch = true }",
    "": "log train_loss = main",
}
OPTIMIZERS = {
    "rates": "sgd(lr = step(0.01, step_size = 2, gamma = 0.5), momentum = 0.5, weight_decay = 0.25)",
    "": "sgd(lr = 0.01)",
}
LOSS = 'monitor = "val_loss"'
CALLBACKS = {
    "plain": "",
    "module": "",
    "clip": "",
    "clip_value": "",
    "logs": "",
    "sets": "",
    "barebones": "",
    "early": f"early_stopping({LOSS})",
    "early_max": f'early_stopping({LOSS}, mode = "max")',
    "early_threshold": f"early_stopping({LOSS}, stopping_threshold = 2.05)",
    "early_diverged": f"early_stopping({LOSS}, divergence_threshold = 2.44)",
    "early_epochs": f"early_stopping({LOSS}, check_on_train_epoch_end = true)",
    "newest": "model_checkpoint()",
    "best": f"model_checkpoint({LOSS})",
    "early_train": 'early_stopping(monitor = "loss", mode = "max")',
    "two": f'model_checkpoint({LOSS}, save_top_k = 2, filename = "best-{{step}}"), '
    'model_checkpoint(every_n_train_steps = 3, save_top_k = -1, filename = "every-{step}")',
    "best_epoch_end": f"model_checkpoint({LOSS}, save_on_train_epoch_end = true)",
    "best_max": f'model_checkpoint({LOSS}, mode = "max")',
    "template": f'model_checkpoint({LOSS}, filename = "{{epoch}}-{{val_loss:.2f}}")',
    "words": f'model_checkpoint({LOSS}, filename = "at-{{epoch:02d}}-of-{{step:04d}}")',
    "values": f'model_checkpoint({LOSS}, filename = "e{{epoch}}-v{{val_loss:.1f}}", auto_insert_metric_name = false)',
    "named": 'model_checkpoint(filename = "model")',
    "rates": "lr_monitor()",
    "timer": "timer(1 hours)",
    "ema": "ema_weights(decay = 0.5)",
    "rates_all": "lr_monitor(log_momentum = true, log_weight_decay = true)",
}


def spec(program):
    table = ", ".join(str(value) for value in TABLE)
    tensor = f"table = stack([{table}])"
    seen = f"sum(table * f32(i32(0..{len(TABLE)}) == trainer.step)) + 0 * sum(x)"
    hooks = "\n".join(f"""    {hook} {{
        warn("@ {hook[3:]} {{trainer.step:d}} {{trainer.epoch:d}} {{trainer.batch:d}} {{model.w:.9g}}")
        if hook == {i} and trainer.step >= at and not trainer.sanity {{ stop("asked") }}
    }}""" for i, hook in enumerate(HOOKS))
    sets = program == "sets"
    own = (
        "\n".join(
            f"""    {hook} {{ warn("@ module_{hook[3:]} {{trainer.step:d}} {{trainer.epoch:d}} 0 {{w:.9g}}") }}"""
            for hook in HOOKS
            if "sanity" not in hook
        )
        if program == "module"
        else ""
    )
    callbacks = ", ".join(part for part in (CALLBACKS[program], "trace()") if part)
    return f"""{data("Rows")}{data("Others") if sets else ""}
model Line() {{
    param w: f32 = 1.0
    param v: f32 = 2.0
    training_step({"r: Rows" if sets else "x"}) {{
        {"x = r.x" if sets else ""}
        main = mean(w * x)
        loss = main {"+ 0.25 * v" if program.startswith("clip") else "+ 0 * v"}
        {TRAINING.get(program, TRAINING[""])}
        minimize loss
    }}
    validation_step(x) {{
        {tensor}
        log val_loss = {seen}, val_x = mean(x){", val_w = w" if program == "ema" else ""}
    }}
    test_step(x) {{ log test_x = mean(x) }}
    predict(x) {{ w * x }}
{own}
    optimizer = {OPTIMIZERS["rates" if program.startswith("rates") else ""]}
}}

callback trace(hook: int = -1, at: int = -1) {{
{hooks}
}}

trainer {{
    accumulate_grad_batches = 1
    gradient_clip_val       = 0.0
    gradient_clip_algorithm = "{"value" if program == "clip_value" else "norm"}"
    {"validate = [Rows, Others]" if sets else ""}
    callbacks = [{callbacks}]
}}
"""
