"""Output: what a person gets from a run.

This room owns the pictures (`plot`), the summary and the progress bar on the terminal, and the export to other
programs. It reads runs, results and logs, and never changes them. It must not know any world, mind or kind of
figure: worlds declare their metrics, tables and figures, and figures draw themselves (`sandbox.figures`).
"""
