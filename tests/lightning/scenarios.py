"""The small runs that are recorded from Lightning and repeated here. One row of numbers is one sample, so that every
weight and every mean can be calculated by hand: `loss = mean(w * x)`, whose gradient is the mean of the batch.

A scenario: `trainer` are arguments that both sides take under these names. `stop` asks a stop in a hook, from the
given number of optimiser steps on. `table` is the validation loss by optimiser step, `callbacks` are (name,
arguments) with our names. `program` says which specs of compare.py it runs with: those with other constants are
compiled again.
"""
TRAIN, VAL, BATCH = 20, 3, 2
ROWS = [0.25 * (i + 1) for i in range(TRAIN + 2 * VAL)]       # the last are for test
TABLE = [9, 3.0, 2.5, 2.6, 2.4, 2.45, 2.41, 2.43, 2.1, 2.2, 2.3, 2.4, 1.9, 2.0, 2.05, 2.05, 1.95, 2.5, 1.8, 1.85, 1.7,
         1.7, 1.6, 1.9, 1.5, 1.55, 1.45, 1.6, 1.3, 1.35, 1.25, 1.2, 1.4, 1.5, 1.45, 1.1, 1.15, 1.0, 1.1, 1.2, 1.3]


def case(name, program="plain", callbacks=(), stop=None, **trainer):
    trainer.setdefault("max_epochs", 2)
    if trainer["max_epochs"] is None:
        trainer.pop("max_epochs")
    trainer.setdefault("num_sanity_val_steps", 0)
    return {"name": name, "program": program, "callbacks": list(callbacks), "stop": stop, "trainer": trainer}


def stops(hook, at, **trainer):
    return case(f"stop_{hook[3:]}_{at}" + "".join(f"_{key}" for key in trainer), stop=(hook, at), **trainer)


def early(name, program="early", **arguments):
    return case(f"patience_{name}", program, [("early_stopping", {"monitor": "val_loss", **arguments})],
                max_epochs=4, val_check_interval=2, limit_val_batches=1)


def saving(name, program="newest", trainer=None, **arguments):
    return case(f"save_{name}", program, [("model_checkpoint", arguments)], **(trainer or {"limit_train_batches": 4}))


SCENARIOS = [
    case("plain"),
    case("validate_every_4_batches", val_check_interval=4),
    case("validate_every_5_batches", val_check_interval=5),
    case("validate_half", val_check_interval=0.5),
    case("validate_share_0.3", val_check_interval=0.3),
    case("validate_share_0.25", val_check_interval=0.25, max_epochs=1),
    case("validate_over_epochs_5", val_check_interval=5, check_val_every_n_epoch=None, limit_train_batches=4, max_epochs=5),
    case("validate_over_epochs_3", val_check_interval=3, check_val_every_n_epoch=None, limit_train_batches=4),
    case("validate_second_epoch", check_val_every_n_epoch=2, max_epochs=4, limit_train_batches=3),
    case("validate_second_epoch_of_3", check_val_every_n_epoch=2, max_epochs=3, limit_train_batches=3),
    case("validate_second_epoch_share", check_val_every_n_epoch=2, val_check_interval=0.5, max_epochs=2, limit_train_batches=4),
    case("accumulate_4", accumulate_grad_batches=4, max_epochs=2),
    case("accumulate_5", accumulate_grad_batches=5, max_epochs=2),
    case("accumulate_validate_3", accumulate_grad_batches=4, val_check_interval=3, max_epochs=1),
    case("accumulate_more_than_epoch", accumulate_grad_batches=16, max_epochs=2),
    case("accumulate_max_steps", accumulate_grad_batches=2, max_steps=3, max_epochs=None),
    case("limit_batches", limit_train_batches=3, limit_val_batches=1),
    case("limit_shares", limit_train_batches=0.35, limit_val_batches=0.5),
    case("limit_one", limit_train_batches=1, limit_val_batches=1.0),
    case("limit_val_none", limit_val_batches=0, limit_train_batches=4),
    case("limit_train_none", limit_train_batches=0),
    case("limit_more_than_there_are", limit_train_batches=50, limit_val_batches=50, max_epochs=1),
    case("overfit_batches", overfit_batches=2),
    case("overfit_share", overfit_batches=0.5, max_epochs=1),
    case("fast_dev_run", fast_dev_run=True),
    case("fast_dev_run_3", fast_dev_run=3),
    case("fast_dev_run_stop", fast_dev_run=3, stop=("on_train_batch_end", 1)),
    case("max_epochs_0", max_epochs=0),
    case("max_steps_in_mid_epoch", max_steps=7, max_epochs=None),
    case("max_steps_at_epoch_end", max_steps=10, max_epochs=None),
    case("max_steps_0", max_steps=0, max_epochs=None),
    case("max_steps_and_epochs", max_steps=7, max_epochs=2, limit_train_batches=3),
    case("max_time", max_time="00:00:00:00", max_epochs=None),
    case("min_epochs", stop=("on_train_batch_end", 2), min_epochs=2, max_epochs=5, limit_train_batches=3),
    case("min_epochs_reached", stop=("on_train_batch_end", 8), min_epochs=2, max_epochs=5, limit_train_batches=3),
    case("min_steps", stop=("on_train_batch_end", 2), min_steps=5, max_epochs=5, limit_train_batches=4),
    case("min_steps_reached", stop=("on_train_batch_end", 6), min_steps=5, max_epochs=5, limit_train_batches=4),
    case("min_steps_in_a_long_epoch", stop=("on_train_batch_end", 2), min_steps=5, max_epochs=5),
    case("min_past_max", stop=("on_train_batch_end", 2), min_steps=50, max_steps=6, max_epochs=None),
    case("sanity_1", num_sanity_val_steps=1, limit_train_batches=2),
    case("sanity_all", num_sanity_val_steps=-1, limit_train_batches=2, max_epochs=1),
    case("sanity_2", num_sanity_val_steps=2, limit_train_batches=2, limit_val_batches=1, max_epochs=1),
    stops("on_train_start", 0, limit_train_batches=3),
    stops("on_train_epoch_start", 0, limit_train_batches=3),
    stops("on_train_epoch_start", 3, limit_train_batches=3),
    stops("on_train_batch_start", 2, limit_train_batches=5),
    stops("on_train_batch_end", 2, limit_train_batches=5),
    stops("on_train_batch_end", 5, limit_train_batches=5),
    stops("on_train_batch_end", 2, limit_train_batches=4, check_val_every_n_epoch=2),
    stops("on_train_batch_end", 1, accumulate_grad_batches=4),
    stops("on_validation_start", 2, val_check_interval=2, limit_train_batches=5),
    stops("on_validation_batch_end", 2, val_check_interval=2, limit_train_batches=5),
    stops("on_validation_end", 2, val_check_interval=2, limit_train_batches=5),
    stops("on_validation_end", 5, limit_train_batches=5),
    stops("on_train_epoch_end", 5, limit_train_batches=5),
    stops("on_train_epoch_end", 3, limit_train_batches=3, check_val_every_n_epoch=2),
    case("clip_norm", "clip", gradient_clip_val=0.5, limit_train_batches=4, max_epochs=1),
    case("clip_value", "clip_value", gradient_clip_val=0.75, gradient_clip_algorithm="value", limit_train_batches=4, max_epochs=1),
    case("clip_accumulated", "clip", gradient_clip_val=1.0, accumulate_grad_batches=2, limit_train_batches=4, max_epochs=1),
    early("default"),
    early("0", patience=0),
    early("1", patience=1),
    early("delta", min_delta=0.3),
    early("threshold", "early_threshold", patience=30, stopping_threshold=2.05),
    early("diverged", "early_diverged", patience=30, divergence_threshold=2.44),
    early("on_epochs", "early_epochs", patience=1, check_on_train_epoch_end=True),
    early("max", "early_max", mode="max", patience=2),
    case("patience_accumulated", "early", [("early_stopping", {"monitor": "val_loss", "patience": 1})], max_epochs=6,
         accumulate_grad_batches=2, limit_train_batches=4),
    case("patience_of_epochs", "early", [("early_stopping", {"monitor": "val_loss", "patience": 2})], max_epochs=12,
         limit_train_batches=2),
    case("patience_in_min_epochs", "early", [("early_stopping", {"monitor": "val_loss", "patience": 1})], max_epochs=12,
         limit_train_batches=2, min_epochs=8),
    case("patience_of_training", "early_train", [("early_stopping", {"monitor": "loss", "patience": 1, "mode": "max"})],
         max_epochs=5, limit_train_batches=2),
    saving("default"),
    saving("best", "best", monitor="val_loss", trainer={"val_check_interval": 2}),
    saving("best_2_last", "best", monitor="val_loss", save_top_k=2, save_last=True, trainer={"val_check_interval": 2}),
    saving("all", "best", monitor="val_loss", save_top_k=-1, trainer={"val_check_interval": 4}),
    saving("none", "best", monitor="val_loss", save_top_k=0, save_last=True),
    saving("greatest", "best_max", monitor="val_loss", mode="max", save_top_k=3, trainer={"val_check_interval": 2}),
    saving("template", "template", monitor="val_loss", filename="{epoch}-{val_loss:.2f}", save_top_k=-1),
    saving("template_words", "words", monitor="val_loss", filename="at-{epoch:02d}-of-{step:04d}", save_top_k=-1),
    saving("template_values", "values", monitor="val_loss", filename="e{epoch}-v{val_loss:.1f}", save_top_k=-1,
           auto_insert_metric_name=False),
    saving("every_3_steps", every_n_train_steps=3, save_top_k=-1, trainer={}),
    saving("every_5_steps", every_n_train_steps=5, save_top_k=1, save_last=True, trainer={}),
    saving("every_2_epochs", every_n_epochs=2, save_top_k=-1, trainer={"max_epochs": 5, "limit_train_batches": 3}),
    saving("on_train_epoch_end", "best_epoch_end", monitor="val_loss", save_top_k=-1, save_on_train_epoch_end=True,
           trainer={"val_check_interval": 2, "limit_train_batches": 4}),
    saving("one_name", "named", filename="model", save_top_k=-1, trainer={"limit_train_batches": 2}),
    saving("val_every_2_epochs", "best", monitor="val_loss", save_top_k=-1,
           trainer={"max_epochs": 4, "limit_train_batches": 2, "check_val_every_n_epoch": 2}),
    saving("without_validation", save_top_k=-1, trainer={"limit_val_batches": 0, "limit_train_batches": 3}),
    saving("steps_of_val_loss", "best", monitor="val_loss", every_n_train_steps=3, save_top_k=-1,
           trainer={"val_check_interval": 4, "max_epochs": 1}),
    saving("two", "two", trainer={"limit_train_batches": 4}),
    saving("accumulated", "best", monitor="val_loss", save_top_k=-1, every_n_epochs=2,
           trainer={"accumulate_grad_batches": 2, "limit_train_batches": 4, "max_epochs": 4}),
    saving("in_min_epochs", "best", monitor="val_loss", save_top_k=2,
           trainer={"min_epochs": 2, "max_epochs": 4, "limit_train_batches": 3}),
    saving("max_steps", save_top_k=1, trainer={"max_steps": 7, "max_epochs": None}),
    case("several_sets", "sets", limit_train_batches=3),
    case("several_sets_limit", "sets", limit_train_batches=3, limit_val_batches=1, num_sanity_val_steps=1, max_epochs=1),
    case("hooks_of_the_model", "module", limit_train_batches=2, num_sanity_val_steps=1),
    case("rates", "rates", [("lr_monitor", {})], log_every_n_steps=1, limit_train_batches=3),
    case("rates_accumulated", "rates", [("lr_monitor", {})], log_every_n_steps=1, accumulate_grad_batches=2, limit_train_batches=4),
    case("endless_epochs", max_epochs=-1, max_steps=8, limit_train_batches=3),
    case("rates_steps", "rates", [("lr_monitor", {"logging_interval": "step"})], log_every_n_steps=2, limit_train_batches=4),
    case("rates_epochs", "rates", [("lr_monitor", {"logging_interval": "epoch"})], log_every_n_steps=1, limit_train_batches=3),
    case("rates_all", "rates_all", [("lr_monitor", {"logging_interval": "epoch", "log_momentum": True,
                                                "log_weight_decay": True})], log_every_n_steps=1, limit_train_batches=3),
    case("timer_steps", "timer", [("timer", {"duration": "00:00:00:00", "interval": "step"})], limit_train_batches=4),
    case("timer_epochs", "timer", [("timer", {"duration": "00:00:00:00", "interval": "epoch"})], limit_train_batches=4),
    case("logs", "logs", log_every_n_steps=1, limit_train_batches=3),
    case("logs_every_3", "logs", log_every_n_steps=3, limit_train_batches=7),
    case("logs_never", "logs", log_every_n_steps=0, limit_train_batches=3),
    case("ema", "ema", [("ema_weights", {"decay": 0.5})], limit_train_batches=4),
    case("ema_every_2", "ema", [("ema_weights", {"decay": 0.5, "update_every_n_steps": 2})], limit_train_batches=4),
    case("ema_from_2", "ema", [("ema_weights", {"decay": 0.5, "update_starting_at_step": 2})], limit_train_batches=4),
    case("ema_epochs", "ema", [("ema_weights", {"decay": 0.5, "update_every_n_steps": 0, "update_starting_at_epoch": 1})],
         limit_train_batches=4, max_epochs=4),
    case("barebones", barebones=True, limit_train_batches=3),
]
