"""What a reader gets of an evaluation: a text for the terminal, and a folder with a page.

No number stands anywhere without the protocol, the list and number of samples, the split, what
chose the epoch, and the checkpoint.
"""

from sspl.evaluation.report.write import format_markdown, write_report

__all__ = ["format_markdown", "write_report"]
