"""`python -m sandbox list`: what there is to choose from, one line each."""

from rich.console import Console
from rich.table import Table

from sandbox.composition import EXPERIMENT, GROUPS, list_choices


def print_list() -> None:
    """Print every group's choices."""
    console = Console()
    for group in (*GROUPS, EXPERIMENT):
        table = Table(title=f"{group}=", title_justify="left", show_header=False, box=None, padding=(0, 2))
        for name, description in list_choices(group).items():
            table.add_row(f"[bold]{name}[/bold]", description)
        console.print(table)
        console.print()
    console.print("model= takes smollm2-135m, gemma3-270m, a hub id or a folder", highlight=False)
