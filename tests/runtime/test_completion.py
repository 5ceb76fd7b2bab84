"""Completion in bash and zsh, and the manual page, as shells and formatters see them."""
import os
import pty
import re
import select
import shutil
import subprocess
import time
import unittest

from harness import PROGRAM, Case


class Bash(Case):
    def complete(self, *words, program=PROGRAM):
        """What bash offers where the last word is being typed; = breaks words, as COMP_WORDBREAKS says."""
        name = os.path.basename(program)
        split = [part for word in (name, *words) for part in re.split("(=)", word) if part or word == ""]
        if words[-1].endswith("="):
            split.append("")
        script = ('source <("$1" --completion bash); shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))\n'
                  'way=$(complete -p -- "$1"); way=${way##*-F }; way=${way%% *}\n'
                  '$way "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"\n'
                  'printf "%s\\n" "${COMPREPLY[@]}"\n')
        done = subprocess.run(["bash", "-c", script, "bash", program, *split], cwd=self.folder, text=True,
                              capture_output=True, env=self.environment({}))
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_commands(self):
        self.assertEqual(self.complete(""), ["fit", "validate", "test", "predict", "info", "--print-config",
                                             "--completion", "--man", "--help"])
        self.assertEqual(self.complete("v"), ["validate"])

    def test_names(self):
        self.assertEqual(self.complete("fit", "--trainer.max_"),
                         ["--trainer.max_epochs", "--trainer.max_steps", "--trainer.max_time"])
        self.assertEqual(self.complete("fit", "--trainer.max_epochs", "3", "--opt"),
                         ["--optimizer.lr", "--optimizer.momentum"])
        self.assertEqual(self.complete("fit", "--out"), [])
        self.assertEqual(self.complete("predict", "--out"), ["--output"])
        self.assertEqual(self.complete("fit", "--model.f"), [])
        every = self.complete("fit", "--")
        for name in re.findall(r"^  (--[\w.-]+)", self.run_program("fit", "--help").stdout, re.M):
            self.assertTrue(name in every or name == "--model.features", name)

    def test_values(self):
        self.assertEqual(self.complete("fit", "--trainer.enable_progress_bar", ""), ["true", "false"])
        self.assertEqual(self.complete("fit", "--trainer.enable_progress_bar", "--see"), ["--seed"])
        self.assertEqual(self.complete("fit", "--trainer.gradient_clip_algorithm", "v"), ["value"])
        self.assertEqual(self.complete("fit", "--trainer.gradient_clip_algorithm="), ["norm", "value"])
        self.assertEqual(self.complete("fit", "--trainer.gradient_clip_algorithm=n"), ["norm"])
        self.assertEqual(self.complete("predict", "--split", "t"), ["train", "test"])
        self.assertEqual(self.complete("fit", "--resume", "a"), ["auto"])
        self.assertEqual(self.complete("fit", "--trainer.max_epochs", ""), [])

    def test_files(self):
        open(self.path("alone.yaml"), "w").close()
        self.assertEqual(self.complete("fit", "--config", "al"), ["alone.yaml"])
        self.assertEqual(self.complete("fit", "--config=al"), ["alone.yaml"])
        self.assertEqual(self.complete("fit", "--resume", "al"), ["alone.yaml"])
        self.assertEqual(self.complete("fit", "--data.root", ""), ["data"])
        self.assertEqual(self.complete("info", "al"), ["alone.yaml"])

    def test_an_odd_name(self):
        link = self.path("my-run.2")
        os.symlink(PROGRAM, link)
        self.assertEqual(self.complete("va", program=link), ["validate"])


@unittest.skipUnless(shutil.which("zsh"), "needs zsh")
class Zsh(Case):
    def answer(self, typed, wanted):
        """What an interactive zsh shows after `typed` and a tab, until it has `wanted`."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.environ.update(TERM="dumb", PS1="> ", PATH=os.path.dirname(PROGRAM) + ":" + os.environ["PATH"])
            os.execvp("zsh", ["zsh", "-f", "-i"])
        text = ""

        def read_until(pattern, seconds=20):
            nonlocal text
            end = time.time() + seconds
            while not re.search(pattern, text) and time.time() < end:
                if select.select([terminal], [], [], 0.1)[0]:
                    text += os.read(terminal, 65536).decode(errors="replace")
        try:
            os.write(terminal, b"autoload -Uz compinit; compinit -u -D; source <(%s --completion zsh); "
                               b"setopt no_list_beep; unsetopt prompt_sp; echo rea''dy\n" % PROGRAM.encode())
            read_until("ready")
            self.assertIn("ready", text)
            text = ""
            os.write(terminal, typed.encode() + b"\t\t")
            read_until(wanted)
        finally:
            os.close(terminal)
            os.waitpid(pid, 0)
        return text

    def check(self, typed, wanted):
        self.assertRegex(self.answer(os.path.basename(PROGRAM) + " " + typed, wanted), wanted)

    def test_commands(self):
        self.check("", r"validate\s+-- measure on the validation rows")

    def test_names(self):
        self.check("fit --trainer.max_ep", r"--trainer\.max_epochs=")
        self.check("fit --trainer.max_", r"--trainer\.max_steps\s+-- optimiser steps to train")

    def test_values(self):
        self.check("fit --trainer.gradient_clip_algorithm=v", r"=value")
        self.check("predict --split=", r"train\s+val|test\s+train|all\s+test")


class Page(Case):
    def test_every_name_is_there(self):
        text = self.run_program("--man").stdout.replace("\\-", "-")
        for name in re.findall(r"^  (--[\w.-]+)", self.run_program("--help").stdout, re.M):
            self.assertIn("\\fB%s\\fR" % name, text)
        for section in ("NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "OPTIONS", "SETTINGS", "CONFIG FILES",
                        "ENVIRONMENT", "SIGNALS", "EXIT STATUS", "FILES", "SEE ALSO"):
            self.assertIn("\n.SH %s\n" % section, text)

    @unittest.skipUnless(shutil.which("groff"), "needs groff")
    def test_groff_has_no_complaint(self):
        page = self.run_program("--man").stdout
        for wrong, text in ((False, page), (True, page + ".no_such_request\n")):
            done = subprocess.run(["groff", "-ww", "-z", "-man", "-Tutf8"], input=text, text=True, capture_output=True)
            self.assertEqual((done.returncode, done.stderr != ""), (0, wrong), done.stderr)

    @unittest.skipUnless(shutil.which("man"), "needs man")
    def test_man_shows_it(self):
        page = self.path("page.1")
        with open(page, "w") as file:
            file.write(self.run_program("--man").stdout)
        done = subprocess.run(["man", "--warnings", "-P", "cat", "-l", page], text=True, capture_output=True,
                              env=self.environment({"MANWIDTH": "80", "LC_ALL": "C.UTF-8", "MAN_KEEP_FORMATTING": ""}))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        text = re.sub(".\b|\x1b\\[[0-9;]*m", "", done.stdout)
        for words in ("linear_program - train linear", "--trainer.max_epochs N", "epochs to train [5]", "143"):
            self.assertIn(words, text)


if __name__ == "__main__":
    unittest.main()
