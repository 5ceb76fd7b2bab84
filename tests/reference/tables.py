"""Tables of the documentation that follow from sources: python3 tables.py --check | --write

    docs/library.md     from the ## comments and signatures of stdlib/*.lt
    docs/training.md    the rows of the settings of runtime/include/lt/trainer.def
    docs/functions.md   is written by hand; every function of the compiler must stand in it
    docs/models.md      is written by hand; every event of lt/events.def must stand in it
    docs/ltc.1, docs/completion/*   by hand; every option of compiler/command/options.def must
    docs/training.md    the same, for options of programs (runtime/settings/options.def)
"""
import argparse
import glob
import os
import re
import sys

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))

HEAD = """# The standard library

Every public declaration of `stdlib/`, with its defaults. The table is made from the sources by
`python3 tests/reference/tables.py --write`. Names of parameters and defaults are PyTorch's where it
has the thing. Settings of optimisers, schedules and callbacks can be set on the command line, but for
those marked `const`. Every layer takes `frozen = true`, and each of its parameters by name.

"""

# Pages in the order of the documentation: file, title.
SECTIONS = [
    ("linear", "Dense layers, embedding, dropout"), ("convolution", "Convolutions"),
    ("pooling", "Pooling"), ("normalization", "Normalisation"), ("activations", "Activations"),
    ("attention", "Attention"), ("recurrent", "Recurrent layers"), ("losses", "Losses"),
    ("functions", "Functions"), ("initializers", "Initialisers"), ("optimizers", "Optimisers"),
    ("schedules", "Schedules"), ("metrics", "Metrics"), ("callbacks", "Callbacks"),
]

DECLARATION = re.compile(r"(fn|layer|optimizer|schedule|metric|callback) ([a-z]\w*)")


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


# ---- the library ----------------------------------------------------------------------------------


def closing(text, start):
    """Index behind the bracket that closes the one at `start`."""
    depth, quoted = 0, False
    for i in range(start, len(text)):
        if text[i] == '"':
            quoted = not quoted
        if quoted:
            continue
        depth += text[i] in "([{"
        depth -= text[i] in ")]}"
        if depth == 0:
            return i + 1
    raise ValueError(f"no end of {text[start:start + 40]}")


def signature(text, match):
    """What stands between the name and the body, on one line."""
    at = match.end()
    end = closing(text, at) if text[at:at + 1] == "(" else at
    result = re.match(r" -> [^{=\n]*", text[end:])
    inside = re.sub(r"\s+", " ", text[at:end])
    return match.group(2) + inside + (result.group(0).rstrip() if result else "")


def layer_extras(text, match):
    """Parameters of a layer, which may be given at the call, too."""
    at = match.end()
    start = text.index("{", closing(text, at) if text[at:at + 1] == "(" else at)
    body = text[start:closing(text, start)]
    names = re.findall(r"^    param (\w+):\s*([^=\n]*[^=\s])", body, re.M)
    return ", ".join(f"{name}: {kind}" for name, kind in names)


def entries(text):
    lines = text.split("\n")
    offset, comment = 0, []
    for line in lines:
        match = DECLARATION.match(line)
        if line.startswith("## "):
            comment.append(line[3:].strip())
        elif match:
            if comment:
                yield text_entry(text, offset, " ".join(comment))
            comment = []
        elif not line.startswith("##"):
            comment = []
        offset += len(line) + 1


def text_entry(text, offset, comment):
    match = DECLARATION.match(text, offset)
    extra = layer_extras(text, match) if match.group(1) == "layer" else ""
    return match.group(1), match.group(2), signature(text, match), extra, comment


def undocumented(text):
    """Public declarations without a ## comment."""
    names = {name for _, name, _, _, _ in entries(text)}
    return [m.group(2) for m in re.finditer(r"^" + DECLARATION.pattern, text, re.M)
            if m.group(2) not in names]


def cell(text):
    return text.replace("|", "\\|")


def library():
    page, known = HEAD, {name for name, _ in SECTIONS}
    paths = glob.glob(os.path.join(ROOT, "stdlib", "*.lt"))
    files = {os.path.basename(path)[:-3] for path in paths}
    sections = SECTIONS + [(name, name.capitalize()) for name in sorted(files - known)]
    page += " · ".join(f"[{title}](#{anchor(title)})" for _, title in sections) + "\n"
    for name, title in sections:
        page += f"\n## {title}\n\n| | |\n| --- | --- |\n"
        for kind, _, text, extra, comment in entries(read("stdlib", name + ".lt")):
            told = f" Parameters: `{extra}`." if extra else ""
            page += f"| `{cell(text)}` | *{kind}.* {cell(comment)}{cell(told)} |\n"
    return page


def anchor(title):
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


# ---- settings -------------------------------------------------------------------------------------


def settings():
    row = r'LT_TRAINER_SETTING\((\w+), LT_(\w+), ([^,]+), "([^"]*)", "([^"]*)"\)'
    found = re.findall(row,
                       read("runtime", "include", "lt", "trainer.def"))
    for name, kind, number, word, told in found:
        value = number
        if kind == "FLAG":
            value = "true" if number == "1" else "false"
        elif kind in ("WORD", "TEXT"):
            value = f'"{word}"' if word else "no limit"
        elif number == "-1":
            value = "no limit" if name.startswith("max") else "none"
        yield f"| `{name}` | {value} | {told} |"


SETTINGS = re.compile(r"(?<=\| setting \| default \| \|\n\| --- \| --- \| --- \|\n)"
                      r"(\| `max_epochs`.*?\n)(?!\|)", re.S)


def training(page):
    return SETTINGS.sub(lambda _: "\n".join(settings()) + "\n", page, count=1)


# ---- functions and events -------------------------------------------------------------------------


def builtin_names():
    """Names of the compiler's functions, as its tables have them."""
    row = re.compile(r'\{(?:\.name = )?"(\w+)", (?:\.call = )?(?:NULL|\w+)'
                     r'(?:, (?:NULL|\w+), (?:NULL|")|\})')
    names = set()
    for path in glob.glob(os.path.join(ROOT, "compiler", "trace", "*.c")):
        with open(path, encoding="utf-8") as file:
            names |= set(row.findall(file.read()))
    return names - library_names()


def library_names():
    """Names that the library declares: they hide the compiler's."""
    return {name for path in glob.glob(os.path.join(ROOT, "stdlib", "*.lt"))
            for _, name, _, _, _ in entries(read("stdlib", os.path.basename(path)))}


def missing_words(names, page):
    return sorted(name for name in names if not re.search(rf"(?<!\w){name}\b", page))


def event_names():
    text = read("runtime", "include", "lt", "events.def")
    return set(re.findall(r'LT_EVENT\(\w+, "(\w+)"\)', text))


def ltc_options():
    text = read("compiler", "command", "options.def")
    return set(re.findall(r'OPTION\(\w+, +(?:\'.\'|0), +"([\w-]+)"', text))


def program_options():
    text = read("runtime", "settings", "options.def")
    return set(re.findall(r'LT_OPTION\((\w+), "', text))


def missing_options(*path):
    """Options of ltc that a page does not have; roff escapes its dashes."""
    page = read(*path).replace("\\-", "-")
    return [name for name in sorted(ltc_options()) if f"--{name}" not in page]


# ---- checking -------------------------------------------------------------------------------------


def wrong_tables():
    if read("docs", "library.md") != library():
        yield "docs/library.md is not what stdlib/ says; run tables.py --write"
    page = read("docs", "training.md")
    if page != training(page):
        yield "docs/training.md has other settings than lt/trainer.def; run tables.py --write"
    for path in sorted(glob.glob(os.path.join(ROOT, "stdlib", "*.lt"))):
        for name in undocumented(read("stdlib", os.path.basename(path))):
            yield f"{os.path.basename(path)}: `{name}` has no ## comment"


def wrong_words():
    programs = {f"--{name}".replace("_", "-") for name in program_options() - {"help"}}
    for page, names in (("functions.md", builtin_names()), ("models.md", event_names()),
                        ("training.md", programs)):
        for name in missing_words(names, read("docs", page)):
            yield f"docs/{page} does not have `{name}`"
    for path in (["docs", "ltc.1"], ["docs", "completion", "ltc.bash"],
                 ["docs", "completion", "_ltc"]):
        for name in missing_options(*path):
            if name != "version" or path[-1] == "ltc.1":
                yield f"{'/'.join(path)} does not have --{name}"


def unread_sources():
    """A change of form must not make these tests pass for want of anything to compare."""
    counts = {"functions": len(builtin_names()), "settings": len(list(settings())),
              "events": len(event_names()), "options": len(ltc_options() | program_options())}
    for what, count in counts.items():
        if count < 18:
            yield f"only {count} {what} could be read from the sources"


def check():
    return [*wrong_tables(), *wrong_words(), *unread_sources()]


def write():
    pages = {"library.md": library(), "training.md": training(read("docs", "training.md"))}
    for name, text in pages.items():
        with open(os.path.join(ROOT, "docs", name), "w", encoding="utf-8") as file:
            file.write(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--check", action="store_true")
    choice.add_argument("--write", action="store_true")
    if parser.parse_args().write:
        write()
        return
    wrong = check()
    for line in wrong:
        print(line)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
