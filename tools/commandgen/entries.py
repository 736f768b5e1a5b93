"""The descriptions of commands in `tools/commands/`, a file per group: reads them, and refuses what cannot be right.

An entry is a Python function that nobody calls: its signature and first lines are those of the method, its decorator says the rest.

    @command("EXPIRE {name} {time:s} nx?NX xx?XX gt?GT lt?LT", shape="truth", one_of="nx xx, gt lt")
    def expire(name: KeyT, time: ExpiryT, nx: bool = False, ...) -> bool:
        \"\"\"Let a key expire after `time` seconds; whether that was set.\"\"\"

* the template: see `template`. Without one, the body of the function returns the words, which is for what no template can say;
* `shape`: what shapes the reply, a function of `oxipipe.commands.shapes`, or with a dot of a module there. "bytes" means that
  the reply is never decoded, "bytes:slowlog" that it is shaped besides;
* `shape_if`: the shape if an argument is true, by argument, and with "else" the one if none is, where that is not what the words alone
  tell; it may be a call of the function with arguments of the method, which gives the shape;
* `returns_if`: what it returns if an argument is given (or, if that is a switch, on), and with "else" what it returns otherwise,
  for type checkers. Several arguments are given together, or with commas between them any of them; those of other cases are not
  given. The annotation is what it may return at all. `S` in a type is what `score_cast_func` makes of a score, without it a float;
* `is_own_shape`: whether the shape is that of this method only, because another entry describes the same command;
* `one_of`: arguments of which at most one may be given; several such groups are separated by commas;
* `needs`: arguments of which at least one has to be given; of several such groups, separated by commas, one each;
* `order`: why the words stand in another order than everybody who describes the command has them in;
* `examples`: calls that work on the database of the parity test;
* `plain`: of a body, how many of its first arguments it sends as they are, if none is None and there are no others: the plain form,
  which templates show by themselves;
* `unlike`: why the signature is another one than redis-py's; `hot`: a way without options of its own;
* `name`: the method's, if a keyword of Python or another method has the function's.

In `modules/` are the commands of modules of servers. Theirs are methods of a class of their own, and so stand in one there, with what
clients call to get an object of it, and the class of redis-py that it stands for; `base` is written by hand:

    @group("bf", theirs="redis.commands.bf.BFBloom")
    class BFBloom:
        \"\"\"Bloom filters.\"\"\"

        @command(...)
        def add(key: KeyT, item: EncodableT) -> bool: ...

Imports are those of the stub, for types of replies. A class `of` a group of clients' own commands has those, and is empty there.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from commandgen.servers import Command, Told
from commandgen.template import OF_NONE, Literal, Part, Value, arguments, parse

GROUPS = Path(__file__).resolve().parent.parent / "commands"


@dataclass
class Entry:
    """One method."""

    group: str
    name: str
    #: The command's own words: its name, and that of the subcommand if it has one.
    words: list[str]
    #: What is sent behind them, unless the body says it.
    parts: list[Part]
    #: Statements, the last of which returns the words.
    body: list[ast.stmt]
    signature: ast.arguments
    returns: str
    doc: str
    shape: str = ""
    shape_if: dict[str, str] = field(default_factory=dict)
    returns_if: dict[str, str] = field(default_factory=dict)
    is_own_shape: bool = False
    one_of: list[list[str]] = field(default_factory=list)
    needs: list[list[str]] = field(default_factory=list)
    order: str = ""
    examples: list[str] = field(default_factory=list)
    unlike: str = ""
    hot: bool = False
    plain: int = 0

    @property
    def command(self) -> str:
        """As the server's description spells it."""
        return "|".join(self.words)

    def told(self, told: list[Told]) -> list[tuple[Told, Command]]:
        """Who describes the command, and how. Of some containers servers only know the first word."""
        for name in (self.command, self.words[0]):
            found = [
                (one, command)
                for one in told
                for command in one.commands
                if command["name"] == name and "adds" not in command
            ]
            if found:
                return found
        return []

    def positional(self) -> list[ast.arg]:
        return [*self.signature.posonlyargs, *self.signature.args]

    def parameters(self) -> list[ast.arg]:
        stars = [a for a in (self.signature.vararg, self.signature.kwarg) if a is not None]
        return [*self.positional(), *self.signature.kwonlyargs, *stars]

    def defaults(self) -> dict[str, ast.expr]:
        """What the arguments are that may be left out."""
        positional = self.positional()
        found = dict(
            zip([a.arg for a in positional][::-1], self.signature.defaults[::-1], strict=False)
        )
        for argument, default in zip(
            self.signature.kwonlyargs, self.signature.kw_defaults, strict=True
        ):
            if default is not None:
                found[argument.arg] = default
        return found

    def deciding(self) -> list[str]:
        """The arguments that `returns_if` is about."""
        cases = " ".join(case for case in self.returns_if if case != "else").replace(",", " ")
        return list(dict.fromkeys(cases.split()))

    def annotation(self, name: str) -> str:
        (found,) = (a for a in self.parameters() if a.arg == name)
        return ast.unparse(found.annotation) if found.annotation else ""


@dataclass
class Group:
    """A class of methods: the commands of a module, or of one of its types."""

    #: The file, without its folder and ".py".
    module: str
    name: str
    #: The method of clients that makes one.
    accessor: str
    #: redis-py's class: the module, a dot, and its name.
    theirs: str
    #: The module, a dot, and the name of the class that is under it.
    base: str
    doc: str
    #: Lines of the file, for the stub.
    imports: list[str]
    entries: list[Entry]
    #: The group that its entries are of, if clients have them as methods of their own, too.
    of: str = ""


def read_groups() -> list[Group]:
    """Those of modules, in the order of the files' names and of their lines."""
    groups: list[Group] = []
    for path in sorted(GROUPS.glob("modules/*.py")):
        tree = ast.parse(path.read_text())
        imports = [ast.unparse(n) for n in tree.body if isinstance(n, (ast.Import, ast.ImportFrom))]
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                groups.append(_group(path, node, imports))
            elif not _is_doc(node):
                raise SystemExit(f"{path.name}:{node.lineno}: only classes of commands stand here")
    return groups


def _group(path: Path, node: ast.ClassDef, imports: list[str]) -> Group:
    (decorator,) = node.decorator_list
    assert isinstance(decorator, ast.Call)
    facts = {str(k.arg): ast.literal_eval(k.value) for k in decorator.keywords}
    (accessor,) = (ast.literal_eval(argument) for argument in decorator.args)
    functions = [n for n in node.body if isinstance(n, ast.FunctionDef)]
    of = facts.get("of", "")
    return Group(
        module=path.stem,
        name=node.name,
        accessor=accessor,
        theirs=facts["theirs"],
        base=facts.get("base", "oxipipe.commands.modules.Module"),
        doc=ast.get_docstring(node) or "",
        imports=imports,
        entries=read([GROUPS / f"{of}.py"]) if of else _entries(path, node.name, functions),
        of=of,
    )


def _entries(path: Path, group: str, functions: list[ast.FunctionDef]) -> list[Entry]:
    entries = []
    for node in functions:
        try:
            entries.append(_entry(group, node))
        except ValueError as error:
            raise SystemExit(f"{path.name}:{node.lineno}: {node.name}: {error}") from None
    return entries


def read(paths: list[Path] | None = None) -> list[Entry]:
    """All entries, in the order of the files' names and of their lines."""
    entries: list[Entry] = []
    for path in paths or sorted(GROUPS.glob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef):
                entries += _entries(path, path.stem, [node])
            elif not _is_doc(node):
                raise SystemExit(f"{path.name}:{node.lineno}: only described functions stand here")
    names = [entry.name for entry in entries]
    if twice := {name for name in names if names.count(name) > 1}:
        raise SystemExit(f"described twice: {', '.join(sorted(twice))}")
    return entries


def _entry(group: str, node: ast.FunctionDef) -> Entry:
    (decorator,) = node.decorator_list
    if not isinstance(decorator, ast.Call) or ast.unparse(decorator.func) != "command":
        raise ValueError("it needs @command(...)")
    facts: dict[str, Any] = {str(k.arg): ast.literal_eval(k.value) for k in decorator.keywords}
    (template,) = (ast.literal_eval(argument) for argument in decorator.args)
    doc = ast.get_docstring(node)
    if not doc or node.returns is None:
        raise ValueError("it needs a docstring and a return type")
    words, parts = _own_words(parse(template))
    body = node.body[1:]
    entry = Entry(
        group=group,
        name=facts.pop("name", node.name),
        words=words,
        parts=parts,
        body=[] if body and _is_ellipsis(body[0]) else body,
        signature=node.args,
        returns=ast.unparse(node.returns),
        doc=doc,
        one_of=_groups(facts.pop("one_of", "")),
        needs=_groups(facts.pop("needs", "")),
        **facts,
    )
    _check(entry)
    return entry


def _groups(names: str) -> list[list[str]]:
    """Several groups of names, with commas between them."""
    return [group.split() for group in names.split(",") if group]


def _own_words(parts: list[Part]) -> tuple[list[str], list[Part]]:
    """The name of the command is its first word, or with a bar between them the first two: `CONFIG|GET {pattern}`."""
    first = parts[0]
    if not isinstance(first, Literal):
        raise ValueError("the name of the command comes first")
    return first.text.split("|"), parts[1:]


def _check(entry: Entry) -> None:
    known = {argument.arg for argument in entry.parameters()}
    conditions = {name.partition(" ")[0] for name in entry.shape_if} - {"else"}
    if entry.returns_if and not ("else" in entry.returns_if and set(entry.deciding()) <= known):
        raise ValueError("`returns_if` is about arguments, and else")
    named = {*conditions, *(n for names in [*entry.needs, *entry.one_of] for n in names)}
    if entry.parts and entry.body:
        raise ValueError("either a template or a body says the words")
    if entry.plain and not entry.body:
        raise ValueError("only a body has to say what is sent as it is")
    used = set(arguments(entry.parts))
    for shape in entry.shape_if.values():
        used |= {n.id for n in ast.walk(ast.parse(shape)) if isinstance(n, ast.Name)} & known
    if not entry.body and (unused := known - used - named):
        raise ValueError(f"nothing becomes of {', '.join(sorted(unused))}")
    if strange := (used | named) - known:
        raise ValueError(f"there is no argument {', '.join(sorted(strange))}")
    if any(argument.annotation is None for argument in entry.parameters()):
        raise ValueError("every argument needs a type")
    for part in entry.parts:
        if (
            isinstance(part, Value)
            and part.conversion not in OF_NONE
            and entry.defaults().get(part.name)
        ):
            default = entry.defaults()[part.name]
            if isinstance(default, ast.Constant) and default.value is None:
                raise ValueError(f"{part.name} may be None, and has to be in brackets")
    if not entry.examples:
        raise ValueError("it needs an example")


def _is_ellipsis(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_doc(node: ast.stmt) -> bool:
    return isinstance(node, (ast.Import, ast.ImportFrom)) or _is_ellipsis(node)
