"""Turn every way that a command can fail into one line and an exit code.

0 done; 1 the machine or the program failed; 2 the input was wrong; 130 stopped (Ctrl-C, SIGTERM).
"""

import errno
import signal
import sys
import threading
import traceback
from types import FrameType, TracebackType
from typing import Any

import typer
from typer.main import get_command

from simulation.errors import InputError, ResourceError

DEBUG = "--debug"
AGAIN = 0.05
"""Time after which a stop that was lost comes again [s]."""


class StoppedError(Exception):
    """The user stopped the command; the message says what is kept."""


def guarded(app: typer.Typer, arguments: list[str]) -> int:
    """Run a command and give its exit code, errors told in one line on stderr.

    An error that nobody foresaw is not caught: Python hands it to `unforeseen` and ends with 1.
    """
    prepare_streams()
    debug = DEBUG in arguments
    if not debug:
        sys.excepthook = unforeseen
    signal.signal(signal.SIGTERM, stop)
    # Where the shell has Ctrl-C ignored, as for a job in the background, it stays ignored.
    if not debug and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, stop)
    try:
        arguments = [argument for argument in arguments if argument != DEBUG]
        result = get_command(app).main(args=arguments, prog_name="wellheld", standalone_mode=False)
    except (InputError, typer.TyperException) as error:
        return told(usage(error), 2, debug)
    except StoppedError as error:
        return told(str(error), 130, debug)
    except (KeyboardInterrupt, typer.Abort):
        return told("stopped; nothing was written", 130, debug)
    except (ResourceError, MemoryError, OSError) as error:
        return told(exhausted(error), 1, debug)
    if result == 130:
        return told("stopped; nothing was written", 130, debug)
    return result if isinstance(result, int) else 0


def prepare_streams() -> None:
    """Let no character that a terminal cannot show end a command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def stop(number: int, frame: FrameType | None) -> None:
    """Treat the signal to terminate as Ctrl-C; what it leaves half-made goes without a word."""
    sys.unraisablehook = unheard
    raise KeyboardInterrupt


def unheard(unraisable: Any) -> None:
    """Say nothing of an error in clearing up: a compiler's object that was cut off while it was made has many.

    A stop that came while something was cleared up, and that Python would lose, comes again.
    """
    if unraisable.exc_type is KeyboardInterrupt:
        here = threading.main_thread().ident
        again = threading.Timer(AGAIN, signal.pthread_kill, (here, signal.SIGTERM))
        again.daemon = True
        again.start()


def told(message: str, code: int, debug: bool) -> int:
    """Print one line, with the traceback before it where asked for, and give the exit code back."""
    if debug and sys.exc_info()[0] is not None:
        traceback.print_exc()
    print(f"Error: {one_line(message)}", file=sys.stderr)
    return code


def usage(error: Exception) -> str:
    """Give the message of an input error, and where to read on if the command line was wrong."""
    if not isinstance(error, typer.TyperException):
        return str(error)
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "wellheld"
    return f"{error.format_message().rstrip('.')}. See: {command} --help"


def exhausted(error: Exception) -> str:
    """Say which resource failed and what to do about it."""
    if isinstance(error, MemoryError):
        return "not enough memory; take fewer --children or --jobs"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = error.filename or "the disk"
        return f"{where}: no space is left; free some, or choose another folder with --out"
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename is not None else ""
        return f"{where}{error.strerror}; run again with --debug to see where"
    return str(error)


def unforeseen(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Tell an error that nobody foresaw in one line."""
    message = one_line(f"{kind.__name__}: {error}")
    print(f"Error: {message[:500]} (a fault of the program; run again with {DEBUG})", file=sys.stderr)


def one_line(message: str) -> str:
    """Join lines and escape characters that act on a terminal."""
    joined = " ".join(message.split())
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in joined)
