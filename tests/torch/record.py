#!/usr/bin/env python3
"""Records PyTorch's numbers for the standard library, in float64, as files beside this one.

    python3 record.py            needs torch, torchmetrics, numpy

A case is a small spec and the tensors that its checkpoint must hold after training (gradients stand in the place
of parameters, since its optimiser keeps them; results of layers are buffers), or the numbers that its
log must hold. check.py builds and runs the specs and compares. Inputs are fixed by seeds.
"""
import cases
import cases_losses
import cases_metrics
import cases_tensors
import cases_training
import cases_updates

if __name__ == "__main__":
    cases_tensors.record()
    cases_losses.record()
    cases_updates.record()
    cases_metrics.record()
    cases_training.record()
    cases.write()
