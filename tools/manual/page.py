"""The manual page: every command and flag from the command line, the exit codes from docs/cli.md.

It knows click and the page's sections, and nothing of what a command does.
"""

import re
from collections.abc import Container, Iterable, Iterator
from typing import Final

import click

from exporter import __version__
from exporter.cli import main
from exporter.cli.faults import PROGRAM
from exporter.cli.flags import TWIN
from tools.manual.roff import bold, example, item, marked, plain, section, slanted

HOME: Final = "https://presence-exporter.example.org"

FILES: Final = (
    ("/etc/presence-exporter/config.yml", "The configuration, where the service has it."),
    ("/etc/default/presence-exporter", "Flags of the service, by their variables."),
    ("/etc/credstore/presence-exporter.*", "Secrets of the service."),
    ("/var/lib/presence-exporter", "The state of the service: the ledger, where that is a file."),
)


def page(cli_document: str) -> str:
    """The whole page; `cli_document` is docs/cli.md, whose table of exit codes is taken."""
    context = main.make_context(PROGRAM, [], resilient_parsing=True)
    lines = [
        f'.TH "{plain(PROGRAM.upper())}" "1" "" "{plain(f"{PROGRAM} {__version__}")}" "User Commands"',
        # Words are not divided, lines not stretched: what is copied stays whole.
        ".nh",
        ".ad l",
        *section("NAME", [rf"{plain(PROGRAM)} \- {plain(_first_line(main))}"]),
        *section("SYNOPSIS", _synopsis(context)),
        *section("DESCRIPTION", _words(main)),
        *section("COMMANDS", _commands(context)),
        *section("OPTIONS", _options(main, context)),
        *section("ENVIRONMENT", _environment()),
        *section("EXIT STATUS", _exit_codes(cli_document)),
        *section("FILES", _each(FILES)),
        *section("EXAMPLES", _examples()),
        *section("SEE ALSO", [f"{bold('promtool')}(1), {bold('systemd.exec')}(5), {plain(HOME)}"]),
    ]
    return "\n".join(lines) + "\n"


def _first_line(command: click.Command) -> str:
    return " ".join((command.help or "").split("\n\n")[0].split()).rstrip(".")


def _words(command: click.Command) -> Iterator[str]:
    for number, paragraph in enumerate((command.help or "").split("\n\n")):
        if number:
            yield ".PP"
        yield plain(" ".join(paragraph.split()))


def _synopsis(context: click.Context) -> list[str]:
    return [
        f"{bold(context.info_name or '')} [{slanted('FLAGS')}] [{slanted('COMMAND')}] [{slanted('FLAGS')}]"
    ]


def _commands(context: click.Context) -> Iterator[str]:
    """Each command that can be run, with the flags that it takes alone."""
    shared = {parameter.name for parameter in main.get_params(context)}
    for words, command, inner in _leaves(main, context):
        yield f'.SS "{plain(words)}"'
        yield from _words(command)
        yield from _options(command, inner, without=shared)


def _leaves(group: click.Group, context: click.Context) -> Iterator[tuple[str, click.Command, click.Context]]:
    for name, command in group.commands.items():
        inner = click.Context(command, info_name=name, parent=context)
        if isinstance(command, click.Group):
            for words, leaf, its in _leaves(command, inner):
                yield f"{name} {words}", leaf, its
        else:
            yield name, command, inner


def _options(
    command: click.Command, context: click.Context, *, without: Container[str | None] = ()
) -> Iterator[str]:
    for parameter in command.get_params(context):
        if isinstance(parameter, click.Option) and parameter.name not in without:
            yield from _option(parameter, context)


def _option(option: click.Option, context: click.Context) -> list[str]:
    tag = bold(", ".join(option.opts))
    if not option.is_flag:
        tag += f" {slanted(option.make_metavar(context))}"
    words = plain(option.help or "")
    default = option.to_info_dict()["default"]
    if default and not option.is_flag:
        values = default if option.multiple else [default]
        words += f" The default is {bold(' '.join(map(str, values)))}."
    return item(tag, words)


def _environment() -> list[str]:
    twins = (
        f"Each flag but {bold('--version')} and {bold('--help')} has a variable: {bold(TWIN)} and the flag's "
        f"name in capitals, with dots and dashes as underscores, as {bold(TWIN + 'LOG_LEVEL')}. The command "
        "line wins."
    )
    chat = ", ".join(map(bold, ("ROCKETCHAT_URL", "ROCKETCHAT_USER_ID", "ROCKETCHAT_AUTH_TOKEN")))
    in_files = f"Each secret may be in a file: {bold('_FILE')} at the end of the name, and the path as value."
    return [
        twins,
        ".PP",
        f"Without {bold('--config.file')} the sources are read from these:",
        *item(f"{bold('DAILY_API_KEY')}, {bold('DAILY_API_URL')}", "The key of a Daily domain."),
        *item(chat, f"A Rocket.Chat workspace. {in_files}"),
    ]


def _exit_codes(document: str) -> Iterator[str]:
    below = document.split("\n## Exit codes\n", 1)[1].split("\n## ", 1)[0]
    for code, words in re.findall(r"^\| (\d+) \| (.*) \|$", below, re.MULTILINE):
        yield from item(bold(code), marked(words))


def _each(things: Iterable[tuple[str, str]]) -> Iterator[str]:
    for thing, words in things:
        yield from item(slanted(thing), plain(words))


def _examples() -> list[str]:
    return [
        "Look at it, with nothing real:",
        *example(f"{PROGRAM} --demo"),
        ".PP",
        "See whether a configuration is good, and whether the vendors answer:",
        *example(
            f"{PROGRAM} --config.file config.yml --config.check", f"{PROGRAM} --config.file config.yml check"
        ),
    ]
