"""The compiler knows no name of its library.

Every layer, function, optimiser, schedule, metric, callback and initialiser of stdlib/ gets a random
name, in the library and in a spec; built with `--stdlib`, the spec must train to the same weights.
And no file of the compiler may hold such a name as a word, but for the ordinary words below.

Names of parameters, members, states and locals stay, and what stands behind a dot: a word is the
library's unless the declaration around it has one of its own by that name.
"""
import glob
import os
import random
import re
import string
import sys

import tools

TOKEN = re.compile(r'(?P<comment>#[^\n]*)|(?P<text>"(?:\\.|[^"\\\n])*")|(?P<range>\.\.)'
                   r'|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<space>\s+)'
                   r'|(?P<other>.)', re.S)
HEADS = ("fn", "layer", "optimizer", "metric", "schedule", "callback", "model", "data", "trainer")
DECLARED = re.compile(r"^(?:fn|layer|optimizer|metric|schedule|callback)\s+(\w+)", re.M)

# Words that are a name of the library and mean something else in a compiler.
ORDINARY = {
    "better": "an adjective", "constant": "a value known when compiling", "eye": "what reads",
    "linear": "of an index or a span: without bends", "mean": "what a name means",
    "moments": "points in time", "normal": "a form of an index, unique", "polynomial": "an index",
    "precision": "Trainer(precision = ...), 32-true", "size": "how many bytes or elements",
    "progress_bar": "whether a logged number stands in it", "sort": "the loop form of argsort",
    "square": "a local: x times x", "step": "of the optimiser",
    "top": "of a stack", "unit": "of a duration, of work; `epochs`", "var": "a loop variable",
    "is_nan": "of the interpreter's cells and of host numbers", "reciprocal": "1 / x of a rule",
    "is_finite": "of host numbers", "norm": "Trainer(gradient_clip_algorithm = \"norm\")",
    "cosine": "what the primitive cos is called in emitted C", "std": "-std=c17",
    "log2": "a function of C that names must avoid", "log10": "likewise", "exp2": "likewise",
    "cosh": "likewise", "sinh": "likewise", "tan": "likewise",
}


def tokens(text):
    return [(found.lastgroup, found.group()) for found in TOKEN.finditer(text)]


def declarations(parts):
    """Top-level pieces: (start, end) in the list of tokens, each beginning with its keyword."""
    starts, depth, fresh = [], 0, True
    for i, (kind, word) in enumerate(parts):
        if kind == "name" and fresh and depth == 0 and (word in HEADS or word == "const"):
            starts.append(i)
        depth += (word in "([{") - (word in ")]}") if kind == "other" else 0
        if kind == "space":
            fresh = fresh or "\n" in word
        elif kind != "comment":
            fresh = False
    return list(zip(starts, starts[1:] + [len(parts)]))


def near(parts, i, by):
    """The next token that is not space, `by` = 1 or -1."""
    i += by
    while 0 <= i < len(parts) and parts[i][0] in ("space", "comment"):
        i += by
    return parts[i][1] if 0 <= i < len(parts) else ""


def own_names(parts, start, end, names):
    """Names that this declaration gives to parameters, members, states and locals.

    Those in `called` are locals whose name is also called as the library's: mean = mean(x)."""
    own, round_depth, members = set(), 0, parts[start][1] in ("layer", "model")
    head = [i for i in range(start, end) if parts[i][0] == "name"][:2]
    for i in range(start, end):
        kind, word = parts[i]
        if kind == "other":
            round_depth += (word in "([") - (word in ")]")
        if kind != "name" or word not in names or i in head[1:] or near(parts, i, -1) == ".":
            continue
        before, after = near(parts, i, -1), near(parts, i, 1)
        assigns = after == "=" and round_depth == 0 and after_equals(parts, i) != "="
        listed = round_depth > 0 and before in ("(", ",", "const") and after in (":", ",", ")", "=") \
            and is_header(parts, i, start)
        pattern = round_depth == 0 and (after == "," or before == ",") and is_pattern(parts, i)
        if assigns or listed or pattern or before in ("state", "param", "buffer", "for", "fn"):
            own.add(word)
    return own, members


def after_equals(parts, i):
    while parts[i][1] != "=":
        i += 1
    return parts[i + 1][1] if i + 1 < len(parts) else ""


def line_around(parts, i):
    first = i
    while first > 0 and not (parts[first - 1][0] == "space" and "\n" in parts[first - 1][1]):
        first -= 1
    return first


def is_pattern(parts, i):
    """a, b = ...: names in front of the line's `=`, outside brackets."""
    for kind, word in parts[line_around(parts, i):i]:
        if kind == "other" and word in "=(){}[]":
            return False
    while i < len(parts) and not (parts[i][0] == "space" and "\n" in parts[i][1]):
        if parts[i][1] == "=":
            return True
        if parts[i][0] == "other" and parts[i][1] in "({[":
            return False
        i += 1
    return False


def is_header(parts, i, start):
    """Whether the innermost open parenthesis belongs to a declaration: `fn name(`, `layer name(`,
    `fn(`, `update(`; and not to a call."""
    depth = 0
    while i > start:
        i -= 1
        word = parts[i][1]
        depth += (word == ")") - (word == "(")
        if depth < 0:
            break
    name = i - 1
    if parts[name][1] == "fn":
        return True
    before = near(parts, name, -1)
    first = parts[line_around(parts, name)][0] == "space" or line_around(parts, name) == name
    method = before in ("{", "}", "") or parts[name - 1][0] == "space" and "\n" in parts[name - 1][1]
    closing, depth = i, 0
    while closing < len(parts):
        word = parts[closing][1]
        depth += (word == "(") - (word == ")")
        if depth == 0:
            break
        closing += 1
    opens = near(parts, closing, 1) in ("{", "=", "-")
    return before in HEADS or (first and method and opens)


def renamed(text, names):
    parts = tokens(text)
    out = [word for _, word in parts]
    for start, end in declarations(parts):
        own, members = own_names(parts, start, end, names)
        for i in range(start, end):
            kind, word = parts[i]
            if kind != "name" or word not in names or near(parts, i, -1) == ".":
                continue
            head = near(parts, i, -1) in HEADS and i < start + 4
            keyword = near(parts, i, 1) == "=" and near(parts, i, -1) in ("(", ",", "const", "{") \
                and after_equals(parts, i) != "="
            called = near(parts, i, 1) == "(" and not members
            if head or (word not in own and not keyword) or (word in own and called):
                out[i] = names[word]
    return "".join(out)


def library_names(tree):
    found = []
    for path in sorted(glob.glob(os.path.join(tree.source, "stdlib", "*.lt"))):
        found += DECLARED.findall(tools.read_text(path))
    return found


def random_names(words, source):
    """As long as they like, and `_private` stays private."""
    names = {}
    for word in words:
        name = "q" + "".join(source.choices(string.ascii_lowercase, k=9))
        names[word] = ("_" if word.startswith("_") else "") + name
    return names


def weights_of(run):
    return tools.read_safetensors(run.checkpoints()[-1])[0]


def with_names(tensors, names, known):
    """By the paths of the other run: what a callback holds stands under the callback's name."""
    def other(path):
        first, dot, rest = path.partition(".")
        return path if path in known else names.get(first, first) + dot + rest
    return {other(path): value for path, value in tensors.items()}


def values_of(run):
    """Rows of metrics.csv without their header: callbacks log under their own names."""
    return tools.read_text(os.path.join(run.folder, "metrics.csv")).splitlines()[1:]


def compare(tree, spec, library, names, planted):
    name = os.path.basename(spec)[:-3]
    folder = tree.path(name)
    os.makedirs(folder, exist_ok=True)
    copy = os.path.join(folder, name + ".lt")
    text = renamed(tools.read_text(spec), names)
    if text == tools.read_text(spec):
        sys.exit("%s: nothing was renamed" % name)
    with open(copy, "w", encoding="utf-8") as file:
        file.write(text)
    words = ("--trainer.max_steps", "20", "--trainer.limit_val_batches", "2", "--threads", "2")
    runs = []
    for path, option in ((spec, ()), (copy, ("--stdlib", library))):
        program = os.path.join(folder, "renamed" if option else "plain")
        tools.run([tree.ltc, "build", "--data-root", tree.examples, path, "-o", program, *option])
        seed = ("--seed", "1") if planted and option else ()
        runs.append(tree.fit(program, program + ".out", *words, *seed))
    weights = weights_of(runs[1])
    if with_names(weights_of(runs[0]), names, weights) != weights:
        return "the weights differ"
    if values_of(runs[0]) != values_of(runs[1]):
        return "the metrics differ"
    return None


# ---- words of the compiler ----------------------------------------------------------------------

def check_words(tree, words):
    """Every place where a file of the compiler says a name of the library, comments included."""
    wanted = set(word for word in words if word not in ORDINARY and not word.startswith("_"))
    places = []
    for part in ("compiler", "grammar"):
        for path in sorted(glob.glob(os.path.join(tree.source, part, "**", "*"), recursive=True)):
            if not path.endswith((".c", ".h", ".def", ".y", ".l")):
                continue
            for number, line in enumerate(tools.read_text(path).splitlines(), 1):
                for word in re.findall(r"\w+", line):
                    if word in wanted:
                        places.append("%s:%d: %s" % (os.path.relpath(path, tree.source), number,
                                                     word))
    return places


def main():
    parser = tools.options(__doc__)
    parser.add_argument("--planted", action="store_true", help="another seed; must be found")
    given = parser.parse_args()
    tree = tools.Tree(given)
    seed = int(os.environ.get("LT_TEST_SEED", random.randrange(2**32)))
    print("seed %d" % seed)
    words = library_names(tree)
    names = random_names(words, random.Random(seed))
    library = tree.path("stdlib")
    os.makedirs(library)
    for path in glob.glob(os.path.join(tree.source, "stdlib", "*.lt")):
        with open(os.path.join(library, os.path.basename(path)), "w", encoding="utf-8") as file:
            file.write(renamed(tools.read_text(path), names))
    left = set(library_names_in(library)) & set(words)
    if left:
        sys.exit("these kept their names: " + ", ".join(sorted(left)))

    own = sorted(glob.glob(os.path.join(tree.source, "tests", "proof", "specs", "*.lt")))
    specs = own + [tree.example(name) for name in tools.EXAMPLES] if given.long else \
        [own[-1], tree.example("digits")]
    if given.only:
        specs = [path for path in own + [tree.example(name) for name in tools.EXAMPLES]
                 if given.only + ".lt" == os.path.basename(path)]
    wrong = []
    for spec in specs:
        said = compare(tree, spec, library, names, given.planted)
        if said:
            wrong.append("%s: %s" % (os.path.basename(spec), said))
    if given.planted:
        print("the planted fault was %s" % ("found" if wrong else "NOT found"))
        return 0 if wrong else 1
    for line in wrong:
        print(line)
    places = check_words(tree, words)
    for place in places:
        print(place)
    print("%d names renamed, %d of %d specs train to the same weights, %d places in the compiler"
          % (len(names), len(specs) - len(wrong), len(specs), len(places)))
    return 1 if wrong or places else 0


def library_names_in(folder):
    found = []
    for path in glob.glob(os.path.join(folder, "*.lt")):
        found += DECLARED.findall(tools.read_text(path))
    return found


sys.exit(main())
