"""Answer hypotheses at the command line: list them, run one or all."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.limits import check_children, check_jobs
from experiments.options import Debug, Jobs, Json, Quiet
from simulation.errors import InputError

if TYPE_CHECKING:
    from experiments.study.course import Show

EXAMPLES = """\b
Examples:
  wellheld hypothesis list
  wellheld hypothesis run package_cuts_cats
  wellheld hypothesis run all --out results/hypotheses --page docs/hypotheses.md
  wellheld hypothesis run mine.toml --draws 128 --children 2000
"""
app = typer.Typer(
    help="Hypotheses as files: registered, run, and supported, refuted or undetermined.",
    epilog=EXAMPLES,
    rich_markup_mode=None,
    no_args_is_help=True,
)


@app.command("list")
def list_all(debug: Debug = False) -> None:
    """Name the hypotheses that are shipped, with what each states."""
    from experiments.screen import folded
    from experiments.study.hypotheses import load_hypothesis, shipped

    for name, path in shipped().items():
        typer.echo(folded(f"{name}: {load_hypothesis(path).hypothesis.statement}", 2))


@app.command("run")
def run_named(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A shipped hypothesis, a .toml file, or all.")],
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder to register, run and go on in.")] = None,
    page: Annotated[Path | None, typer.Option(metavar="FILE.md", help="Write the page there too.")] = None,
    draws: Annotated[int | None, typer.Option(help="Draws of the numbers, even.", show_default="the file's")] = None,
    children: Annotated[int | None, typer.Option(help="Children simulated.", show_default="the file's")] = None,
    jobs: Jobs = None,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Run a hypothesis, or all, and say supported, refuted or undetermined; the same --out goes on where it stopped."""
    from experiments.files import as_json_rows
    from experiments.progress import progress_on_stderr
    from experiments.study import judging, judging_screen
    from experiments.study.carriers import on_this_machine
    from experiments.study.declaration import MOST_DRAWS
    from experiments.study.folder import write_whole
    from experiments.study.hypotheses import find_hypothesis, shipped, sized

    check_jobs(jobs)
    check_children(children, 1)
    if draws is not None and (not 2 <= draws <= MOST_DRAWS or draws % 2):
        raise InputError(f"--draws {draws}: is no even number from 2 to {MOST_DRAWS:,}; 64 is usual")
    chosen = [sized(find_hypothesis(each), draws, children) for each in (shipped() if name == "all" else [name])]
    with ExitStack() as held:
        where = out or Path(held.enter_context(tempfile.TemporaryDirectory()))
        bar = held.enter_context(progress_on_stderr("Judging", quiet or as_json))

        def shown(number: int, title: str) -> "Show | None":
            return None if bar is None else counted(bar, number, len(chosen), title)

        found = judging.judge(chosen, where, on_this_machine(jobs, False), shown)
        words = ["wellheld hypothesis run", name]
        words += [f"--{key} {value}" for key, value in (("draws", draws), ("children", children)) if value is not None]
        text = judging_screen.page(found, " ".join([*words, "--page docs/hypotheses.md"]))
        judging.write(found, where, text)
    if page is not None:
        write_whole(page, text.encode())
    typer.echo(as_json_rows(judging.verdicts_table(found)) if as_json else judging_screen.screen(found), nl=False)
    if out is not None:
        typer.echo(f"Tables and page in {out}", err=True)


def counted(bar: Callable[[int, int, str], None], number: int, hypotheses: int, title: str) -> "Show":
    """Show how many tasks of all hypotheses are done, as if all had as many."""

    def told(done: int, total: int, _: float | None) -> None:
        bar(number * total + done, hypotheses * total, title)

    return told
