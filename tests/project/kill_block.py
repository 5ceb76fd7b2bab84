#!/usr/bin/env python3
"""kill_block.py LTC SOURCE: the README's block that kills a run does what it says. It would notice: with another
seed in the resumed run's place, it fails."""
import os
import re
import subprocess
import sys

from program import empty_folder, run


def outcome(block):
    with empty_folder():
        run(LTC, "build", os.path.join(SOURCE, "examples", "digits.lt"), "-o", "digits")
        done = subprocess.run(["bash", "-e", "-c", block], capture_output=True, text=True, timeout=200)
        return done.returncode, done.stdout + done.stderr


LTC, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
with open(os.path.join(SOURCE, "README.md")) as file:
    block, = (text for text in re.findall(r"```sh\n(.*?)```", file.read(), re.S) if "kill -9" in text)
code, text = outcome(block)
assert code == 0 and "the same bits" in text, text
code, text = outcome(re.sub("--resume auto", "--seed 8 --trainer.max_epochs 100", block))
assert code != 0 and "the same bits" not in text, text
print("killed and resumed as the README says: the same bits; begun anew with another seed: not")
