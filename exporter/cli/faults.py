"""Tells whatever goes wrong in one line on stderr, and leaves with the exit code that it has.

It knows our errors and click's, and no command.
"""

from __future__ import annotations

import sys
from typing import Any, Final, NoReturn

import click

from exporter.errors import CollectorError, ConfigError
from exporter.log import frames
from exporter.web.listen import ListenError

PROGRAM: Final = "presence-exporter"

FAILED: Final = 1
MISUSED: Final = 2
INTERRUPTED: Final = 130


class Commands(click.Group):
    """A group of commands that return their exit code, and whose faults are one line without traceback."""

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run one command line, and leave."""
        kwargs.update(prog_name=PROGRAM, standalone_mode=False)
        try:
            code = super().main(*args, **kwargs)
        except click.UsageError as fault:
            code = _complain(f"{fault.format_message()} (see {PROGRAM} --help)", MISUSED)
        except click.ClickException as fault:
            code = _complain(fault.format_message(), FAILED)
        except ConfigError as fault:
            code = _complain(str(fault), MISUSED)
        except (CollectorError, ListenError) as fault:
            code = _complain(str(fault), FAILED)
        except click.Abort:
            code = INTERRUPTED
        except Exception as bug:  # noqa: BLE001 - the text of an error that nobody foresaw may hold a secret
            code = _complain(f"this is a bug; please report it: {frames(bug)}", FAILED)
        sys.exit(code)


def _complain(text: str, code: int) -> int:
    click.echo(f"{PROGRAM}: {' '.join(text.split())}", err=True)
    return code
